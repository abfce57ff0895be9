import { type Address, formatAddress, parseAddress } from '../base/address.js';
import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';

const NAME = /^(?!\.\.?$)(?!\$)[^/\s*?#]+$/;

/** Throws `INVALID_ARGUMENT` for a name that cannot be the part of a path. */
export function checkActorName(name: string): string {
  if (NAME.test(name) && name.length <= LIMITS.nameLength) return name;
  const rule = `1 to ${LIMITS.nameLength} characters without spaces and / * ? #, and no $ first`;
  throw new RpcError('INVALID_ARGUMENT', `an actor name has ${rule}; not "${String(name)}"`);
}

/** The full path of one incarnation; `base` is where its system is reached. */
export function formatActorPath(base: Omit<Address, 'path'>, path: string, uid: number): string {
  return `${formatAddress({ ...base, path })}#${uid}`;
}

/** A parsed selection: the steps of a walk through the tree of actors. */
export interface SelectionPath {
  /** Where the system is that it names; undefined = the own one. */
  readonly address: Address | undefined;
  /** True when the walk begins at the root, false when it begins at whoever selects. */
  readonly isAbsolute: boolean;
  /** Names, `..`, or patterns with `*` and `?`. */
  readonly steps: readonly string[];
  /** Only this incarnation, when the path names one. */
  readonly uid: number | undefined;
}

/**
 * Reads `ringlane://system/user/echo`, `/user/echo`, `../sibling`, each with `*` (any letters) and
 * `?` (one letter) in its steps and an optional `#uid`. A name and the `..` behind it are nothing,
 * as in the paths of files. Throws `INVALID_ARGUMENT`.
 */
export function parseSelection(text: string): SelectionPath {
  const [whole = '', uidText, ...more] = text.split('#');
  const address = parseAddress(whole);
  const path = address?.path ?? whole;
  const isWrong = whole === '' || more.length > 0 || (!address && whole.includes('://'));
  if (isWrong || (uidText !== undefined && !/^\d+$/.test(uidText))) {
    const forms = 'ringlane://system/user/name, /user/name or ../name';
    throw new RpcError('INVALID_ARGUMENT', `not the path of actors: "${text}"; write ${forms}`);
  }
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop();
    else if (step !== '' && step !== '.') steps.push(step);
  }
  return {
    address,
    isAbsolute: path.startsWith('/'),
    steps,
    uid: uidText === undefined ? undefined : Number(uidText),
  };
}

/**
 * True when `..` is at the front alone, as {@link parseSelection} puts it: a walk that goes up and
 * down again could visit everybody once for each way there.
 */
export function isWalkable(steps: readonly unknown[]): boolean {
  return steps.every((step, index) => {
    const isUpOrFirst = index === 0 || steps[index - 1] === '..';
    return typeof step === 'string' && (step !== '..' || isUpOrFirst);
  });
}

/** True when both lead to the same system; paths do not count. */
export function isSameSystem(a: Omit<Address, 'path'>, b: Omit<Address, 'path'>): boolean {
  const isSamePlace = a.protocol === b.protocol && a.host === b.host && a.port === b.port;
  return a.system === b.system && (isSamePlace || a.protocol === 'local');
}

/** True when a step has wildcards. */
export function isPattern(step: string): boolean {
  return step.includes('*') || step.includes('?');
}

/** Matches names of one step; linear in the length of the name, whatever the pattern. */
export function matchesStep(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (n < name.length) {
    if (p < pattern.length && pattern[p] === '*') {
      starAt = p++;
      resumeAt = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      n = ++resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
