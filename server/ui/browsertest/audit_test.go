package browsertest

// audit is a script that lists what keeps people out of a page: controls and
// pictures without a name, ids that are taken twice, headings that skip a level,
// texts that are too pale (WCAG 2.2, success criteria 1.1.1, 1.3.1, 1.4.3, 2.5.8, 4.1.2).
const audit = `(() => {
	const problems = [];
	const visible = (e) => e.checkVisibility() && e.closest('[aria-hidden=true]') === null;
	const all = (s) => [...document.querySelectorAll(s)].filter(visible);
	const texts = (list) => list.map((e) => e.textContent).join(' ').trim();
	const byIDs = (ids) => texts((ids ?? '').split(' ').map((id) => document.getElementById(id)).filter(Boolean));
	const name = (e) => e.getAttribute('aria-label')?.trim() || byIDs(e.getAttribute('aria-labelledby')) || texts([...(e.labels ?? [])]) || e.textContent.trim() || e.getAttribute('alt')?.trim();
	const tell = (e, what) => problems.push(what + ': ' + e.outerHTML.slice(0, 140));
	for (const e of all('input, select, textarea')) if (!(e.getAttribute('aria-label')?.trim() || byIDs(e.getAttribute('aria-labelledby')) || texts([...(e.labels ?? [])]))) tell(e, 'no label');
	for (const e of all('button, a[href], summary, dialog, nav, [role=tab], [role=listbox], table')) if (!name(e)) tell(e, 'no name');
	for (const e of all('img')) if (!e.hasAttribute('alt')) tell(e, 'no alt');
	for (const a of ['aria-describedby', 'aria-controls', 'for', 'aria-activedescendant']) for (const e of all('[' + a + ']'))
		for (const id of e.getAttribute(a).split(' ')) if (!document.getElementById(id) && e.getAttribute('aria-selected') !== 'false') tell(e, a + ' names nothing');
	const seen = new Set();
	for (const e of document.querySelectorAll('[id]')) { if (seen.has(e.id)) tell(e, 'id taken twice'); seen.add(e.id); }
	if (all('h1').length !== 1) problems.push(all('h1').length + ' headings of the first level');
	let level = 1;
	for (const e of all('main h1, main h2, main h3, main h4')) { const n = Number(e.tagName[1]); if (n > level + 1) tell(e, 'heading skips a level'); level = n; }
	for (const e of all('button, a[href], select, input:not([type=file])')) { const r = e.getBoundingClientRect(); if (r.width && r.height < 17 && getComputedStyle(e).display !== 'inline') tell(e, 'too small to hit'); }
	const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return c.startsWith('color(') ? [m[0] * 255, m[1] * 255, m[2] * 255, m[3] ?? 1] : [m[0], m[1], m[2], m[3] ?? 1]; };
	const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const back = (e) => { for (let at = e; at; at = at.parentElement) { const c = parse(getComputedStyle(at).backgroundColor); if (c[3] > 0.99) return c; } return [255, 255, 255]; };
	for (const e of all('main *, header *')) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.closest(':disabled, .copy, .gutter')) continue;
		const c = parse(getComputedStyle(e).color);
		if (c[3] < 0.99) continue;
		const [a, b] = [light(c.slice(0, 3)), light(back(e).slice(0, 3))].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) tell(e, 'contrast ' + ((a + 0.05) / (b + 0.05)).toFixed(2));
	}
	return [...new Set(problems)];
})()`
