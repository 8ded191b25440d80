/** Elements in one expression. */

type Child = Node | string | number | null | undefined | false;
type Attributes = Record<string, unknown>;

/**
 * Make an element. Attributes that begin with `on` are listeners; `true` sets an attribute, and
 * `false`, null and undefined leave it out.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, attributes);
  element.append(...kept(children));
  return element;
}

/** Make an SVG icon of paths on a grid of 24, drawn in the colour of the text. */
export function icon(...paths: string[]): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  apply(svg, { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" });
  for (const d of paths) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** Replace all that is in an element. */
export function fill(element: Element, ...children: (Child | Child[])[]): void {
  element.replaceChildren(...kept(children));
}

export function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

function kept(children: (Child | Child[])[]): (Node | string)[] {
  return children
    .flat()
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

function apply(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value as EventListener);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}
