/** An element of a class. What is put into it later is text or elements, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className?: string,
  ...content: readonly (string | Node)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className !== undefined) made.className = className;
  made.append(...content);
  return made;
}
