// Short forms of what the browser offers.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// A live region speaks whenever its text is written, so only where it has changed.
export function setText(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

// Calls `action` once for all calls that happen together.
export function together(action) {
  let called = false;
  return () => {
    if (called) return;
    called = true;
    queueMicrotask(() => {
      called = false;
      action();
    });
  };
}
