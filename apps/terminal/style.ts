/** Text with or without colours. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/** Codes that switch on and off, as terminals know them. */
const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  red: [31, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const satisfies Record<keyof Style, readonly [on: number, off: number]>;

/** Whether to colour: `FORCE_COLOR` decides, then `NO_COLOR`, then whether it is a terminal. */
export function wantsColor(environment: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = environment;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (no !== undefined && no !== '') return false;
  return isTerminal && term !== 'dumb';
}

/** A style that colours, or one that leaves every text as it is. */
export function createStyle(hasColor: boolean): Style {
  const paint =
    (name: keyof Style) =>
    (text: string): string =>
      hasColor ? `\u001b[${CODES[name][0]}m${text}\u001b[${CODES[name][1]}m` : text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    green: paint('green'),
    red: paint('red'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  };
}

const COLOR_CODE = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

/** Columns that `text` takes on the screen. */
export function widthOf(text: string): number {
  return Array.from(text.replace(COLOR_CODE, '')).length;
}
