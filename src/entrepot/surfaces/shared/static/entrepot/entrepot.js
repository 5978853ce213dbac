/* What a page gains when scripts run. Everything works without: dialogs open as popovers, forms post, links link. */
(() => {
  "use strict";

  const INTERACTIVE = "a, button, input, select, textarea, label, summary, dialog, [popover]";

  // A dialog opened by script keeps the keyboard inside; without script the same element opens as a popover.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[popovertarget]");
    const dialog = opener && document.getElementById(opener.getAttribute("popovertarget"));
    if (!(dialog instanceof HTMLDialogElement)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else if (opener.getAttribute("popovertargetaction") !== "hide") dialog.showModal();
  });
  document.addEventListener("click", (event) => {
    // A click on the backdrop has the dialog itself as its target; one on the content has a child.
    if (event.target instanceof HTMLDialogElement && event.target.open && outside(event.target, event)) {
      event.target.close();
    }
  });

  function outside(element, event) {
    const box = element.getBoundingClientRect();
    return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  }

  // A form is sent once: a second click or Enter does nothing until an answer has come.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || form.method === "dialog" || form.matches("[data-repeatable]")) return;
    form.dataset.sent = "1";
    const submitter = event.submitter;
    // After this turn, so that the button's own name and value are still sent.
    setTimeout(() => submitter && busy(submitter, true));
  });
  document.addEventListener("htmx:afterRequest", (event) => release(event.target));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
  });

  function busy(button, state) {
    button.disabled = state;
    if (state) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
  }

  function release(element) {
    const form = element.closest && element.closest("form");
    if (!form) return;
    delete form.dataset.sent;
    [...form.elements].filter((each) => each.hasAttribute("aria-busy")).forEach((each) => busy(each, false));
  }

  // A button that prints the page.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-prints]")) window.print();
  });

  // A box that chooses all others of its form.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-chooses-all]")) return;
    event.target.form.querySelectorAll("tbody input[type=checkbox]").forEach((box) => (box.checked = event.target.checked));
  });

  // A click anywhere in a row follows the row's own link.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("table[data-row-links] tbody tr");
    if (!row || event.target.closest(INTERACTIVE) || String(getSelection())) return;
    const link = row.querySelector("a.row-link");
    if (!link) return;
    if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
    else link.click();
  });

  // A choice that needs no button where scripts run, such as a filter.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]") && event.target.form) event.target.form.requestSubmit();
  });

  // What went wrong is met first: the summary of a form gets the focus, a refused dialog opens again.
  function settle(root) {
    const refused = root.querySelector("dialog[data-open]");
    if (refused && !refused.open) refused.showModal();
    const summary = (refused || root).querySelector("[data-focus]");
    if (summary) summary.focus();
  }
  document.addEventListener("htmx:load", (event) => settle(event.target));
  settle(document);
})();
