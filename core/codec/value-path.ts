import { RpcError } from '../errors/rpc-error.js';

/** Whose values these are; the paths in messages start with it. */
export type ValuesOf = 'arguments' | 'result';

/** A step into a Map or Set, which keys and indexes cannot name; moved from member to member. */
export class Step {
  member = 'member';
  index = 0;
  key: unknown = undefined;

  text(): string {
    if (this.member !== 'value') return `.${this.member}(${this.index})`;
    const { key } = this;
    const isNamed = typeof key === 'string' || typeof key === 'number';
    return isNamed ? `.get(${JSON.stringify(key)})` : `.value(${this.index})`;
  }
}

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const SHOWN_STEPS = 16;
const SHOWN_KEY_LENGTH = 64;

function keyText(key: string): string {
  if (identifier.test(key) && key.length <= SHOWN_KEY_LENGTH) return `.${key}`;
  const cut = key.length > SHOWN_KEY_LENGTH ? `${key.slice(0, SHOWN_KEY_LENGTH)}...` : key;
  return `[${JSON.stringify(cut)}]`;
}

/** `.a.b[2]` for keys, indexes and steps; the middle of a very deep path is left out. */
export function pathText(steps: readonly unknown[]): string {
  const shown = steps.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return step instanceof Step ? step.text() : keyText(String(step));
  });
  if (shown.length <= SHOWN_STEPS) return shown.join('');
  const half = SHOWN_STEPS / 2;
  return `${shown.slice(0, half).join('')} ... ${shown.slice(-half).join('')}`;
}

/** `arguments[3]` or `result`. */
export function rootText(what: ValuesOf, index: number): string {
  return what === 'arguments' ? `arguments[${index}]` : what;
}

/** The error for a value that cannot leave its thread; a result means that the method has run. */
export function notSerializable(path: string, reason: string, cause?: unknown): RpcError {
  const effect = path.startsWith('result') ? 'unknown' : 'none';
  return new RpcError('NOT_SERIALIZABLE', `${path} ${reason}`, { effect, cause });
}
