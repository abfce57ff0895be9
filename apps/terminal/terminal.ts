import { createStyle, type Style, wantsColor, widthOf } from './style.js';

/** What a terminal writes to; `process.stdout` is one. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Lines for people, and one line that is written over while something is under way. */
export class Terminal {
  readonly style: Style;
  readonly isInteractive: boolean;
  readonly #stream: OutputStream;
  #progress = '';

  constructor(stream: OutputStream, environment: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.isInteractive = stream.isTTY === true && environment['TERM'] !== 'dumb';
    this.style = createStyle(wantsColor(environment, stream.isTTY === true));
  }

  /** Writes whole lines; a progress line stays below them. */
  line(text = ''): void {
    const progress = this.#progress;
    this.#erase();
    this.#stream.write(`${text}\n`);
    if (progress !== '') this.#draw(progress);
  }

  heading(text: string): void {
    this.line();
    this.line(this.style.bold(text));
  }

  /** Shows how far something is: written over on a terminal, a line each elsewhere. */
  progress(text: string): void {
    if (!this.isInteractive) {
      this.#stream.write(`${text}\n`);
      return;
    }
    this.#erase();
    this.#draw(text);
  }

  /** Says what is under way, on a terminal only: elsewhere the lines of results are enough. */
  status(text: string): void {
    if (this.isInteractive) this.progress(text);
  }

  /** Takes the progress line away. */
  progressDone(): void {
    this.#erase();
  }

  #draw(text: string): void {
    // Some terminals say 0 columns when they do not know.
    const columns = this.#stream.columns || 80;
    // A line that wraps could not be written over.
    this.#progress =
      widthOf(text) < columns
        ? text
        : Array.from(text)
            .slice(0, columns - 1)
            .join('');
    this.#stream.write(this.#progress);
  }

  #erase(): void {
    if (this.#progress === '') return;
    this.#progress = '';
    this.#stream.write('\r\u001b[2K');
  }
}
