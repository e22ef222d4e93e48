// The form that asks for a token.
import { h, fill, newID } from './dom.js';

let asking = null;

// askToken returns the token that a person types. Questions that come at the
// same time are one.
export function askToken(why) {
  asking ??= show(why).finally(() => { asking = null; });
  return asking;
}

function show(why) {
  return new Promise((resolve, reject) => {
    const id = newID('token');
    const input = h('input', { id, type: 'password', autocomplete: 'off', required: true, minlength: 16, spellcheck: 'false' });
    const heading = newID('heading');
    const dialog = h('dialog', { class: 'login', 'aria-labelledby': heading });
    const submit = (event) => {
      event.preventDefault();
      resolve(input.value.trim());
      dialog.close();
    };
    const cancel = () => {
      reject(new Error('no token was given'));
      dialog.remove();
    };
    dialog.addEventListener('close', cancel); // after resolve it does nothing more than to remove
    fill(dialog, h('form', { onsubmit: submit },
      h('h2', { id: heading }, 'Token needed'),
      h('p', { class: 'muted' }, why),
      h('label', { for: id }, 'Token'), input,
      h('p', { class: 'hint' }, 'It is kept in this tab only.'),
      h('div', { class: 'row end' },
        h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        h('button', { type: 'submit', class: 'primary' }, 'Continue'))));
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
