// Package browsertest looks at the Web UI in a real browser: every view, the
// way of an author, the keyboard alone, and templates that want to do harm. It
// runs where PATCHBAY_BROWSER names a Chromium; see .ci/browser.
package browsertest
