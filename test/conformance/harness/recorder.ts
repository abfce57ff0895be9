import { inspect } from 'node:util';
import type { Logger } from '../../../index.js';

/** A logger that remembers what a service of this process said, worker threads included. */
export class Recorder implements Logger {
  readonly lines: string[] = [];

  debug(): void {}

  info(): void {}

  warn(facts: object, message: string): void {
    this.#record('warn', facts, message);
  }

  error(facts: object, message: string): void {
    this.#record('error', facts, message);
  }

  #record(level: string, facts: object, message: string): void {
    this.lines.push(`${level}: ${message} ${inspect(facts, { depth: 6, breakLength: Infinity })}`);
  }
}
