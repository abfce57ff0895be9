/** Attributes of an element; numbers are written with two digits. */
export type Attributes = Readonly<Record<string, string | number>>;

/** Text made safe for HTML and SVG. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** One element; `content` is markup already. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .map(
      ([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeHtml(value)}"`,
    )
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A line of text. */
export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeHtml(text));
}

/** A drawing that is as wide as its place and says what it shows to those who cannot see it. */
export function drawing(
  size: { readonly width: number; readonly height: number },
  title: string,
  content: string,
): string {
  const viewBox = `0 0 ${size.width} ${size.height}`;
  const titled = element('title', {}, escapeHtml(title)) + content;
  return element('svg', { viewBox, role: 'img', 'aria-label': title }, titled);
}

/** `M x y L x y …` through all points. */
export function pathThrough(points: readonly (readonly [x: number, y: number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join(' ');
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
