import {
  closeSync,
  type Dirent,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inputError } from '../exit-codes.js';
import type { InputFile } from './word-count/pieces.js';

/** What was found to count, and what was left out. */
export interface TextInput {
  readonly files: readonly InputFile[];
  readonly bytes: number;
  readonly binary: number;
  readonly unreadable: number;
  readonly empty: number;
  /** Where it was looked for, for people. */
  readonly places: string;
  /** More was there than the demo takes by itself. */
  readonly isCut: boolean;
}

/** Text as it comes with packages: what the demo counts unless it is told otherwise. */
const DEFAULT_NAMES = /\.(d\.ts|md|js)$/;
/** Enough for the demo; `--input` takes all there is. */
const DEFAULT_BYTES_MAX = 150_000_000;
/** So much of a file is looked at; text has no NUL in it. */
const SNIFFED_BYTES = 8192;
/** Files between two looks at whether Ctrl-C was pressed. */
const FILES_PER_TURN = 256;

/**
 * Finds the files to count; throws with exit code 3 when a path is missing or nothing is left.
 * Undefined when Ctrl-C came first.
 */
export async function findInput(
  inputs: readonly string[],
  signal: AbortSignal,
): Promise<TextInput | undefined> {
  const isDefault = inputs.length === 0;
  const roots = isDefault ? [findNodeModules()] : inputs;
  const finder = new InputFinder(isDefault);
  let seen = 0;
  for (const root of roots) {
    for (const path of listPaths(root, finder)) {
      finder.take(path);
      if (finder.isCut) break;
      if (++seen % FILES_PER_TURN !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) return undefined;
    }
  }
  const found = finder.result(roots.join(', '));
  if (found.files.length === 0) throw inputError(`nothing to read: ${describeNothing(found)}`);
  return found;
}

class InputFinder {
  readonly #files: InputFile[] = [];
  readonly #sniffed = Buffer.alloc(SNIFFED_BYTES);
  readonly #isDefault: boolean;
  #bytes = 0;
  #binary = 0;
  #empty = 0;
  unreadable = 0;
  isCut = false;

  constructor(isDefault: boolean) {
    this.#isDefault = isDefault;
  }

  take(path: string): void {
    if (this.#isDefault && !DEFAULT_NAMES.test(path)) return;
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch {
      this.unreadable++;
      return;
    }
    try {
      const sizeBytes = statSync(path).size;
      const length = readSync(file, this.#sniffed, 0, SNIFFED_BYTES, 0);
      // Some files of the system hold text and say that they are empty.
      if (length === 0 || sizeBytes === 0) this.#empty++;
      else if (this.#sniffed.subarray(0, length).includes(0)) this.#binary++;
      else this.#add({ path, sizeBytes });
    } catch {
      this.unreadable++;
    } finally {
      closeSync(file);
    }
  }

  result(places: string): TextInput {
    return {
      files: this.#files,
      bytes: this.#bytes,
      binary: this.#binary,
      unreadable: this.unreadable,
      empty: this.#empty,
      places,
      isCut: this.isCut,
    };
  }

  #add(file: InputFile): void {
    if (this.#isDefault && this.#bytes + file.sizeBytes > DEFAULT_BYTES_MAX) {
      this.isCut = true;
      return;
    }
    this.#files.push(file);
    this.#bytes += file.sizeBytes;
  }
}

/** Files below a path in the order of their names, so that neighbours stay together. */
function* listPaths(root: string, finder: InputFinder): Generator<string> {
  let facts: Stats;
  try {
    facts = statSync(root);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw inputError(`there is no file or folder ${root}`);
    throw inputError(`cannot read ${root}: ${(error as Error).message}`);
  }
  if (facts.isFile()) {
    yield root;
    return;
  }
  // Opening a pipe would wait for its writer.
  if (!facts.isDirectory()) throw inputError(`${root} is neither a file nor a folder`);
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    let entries: Dirent[];
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch {
      finder.unreadable++;
      continue;
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    // Links are left out: they would lead in circles, or to what is counted anyway.
    for (const entry of entries) if (entry.isFile()) yield join(folder, entry.name);
    const below = entries.filter((entry) => entry.isDirectory()).reverse();
    for (const entry of below) folders.push(join(folder, entry.name));
  }
}

/** The `node_modules` of whoever runs the demo, or else the one that we lie in or beside. */
function findNodeModules(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (const start of [process.cwd(), here]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const candidate = join(folder, 'node_modules');
      if (isFolderAt(candidate)) return candidate;
      if (folder === dirname(folder)) break;
    }
  }
  throw inputError('there is no node_modules folder here: name text with --input PATH');
}

function isFolderAt(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function describeNothing({ places, binary, unreadable, empty }: TextInput): string {
  const counts = describeSkipped({ binary, unreadable, empty });
  return `${places} holds no text${counts === '' ? '' : ` (${counts})`}`;
}

/** `2 binary, 1 unreadable`; empty when nothing was skipped. */
export function describeSkipped(
  counts: Pick<TextInput, 'binary' | 'unreadable' | 'empty'>,
): string {
  return (['binary', 'unreadable', 'empty'] as const)
    .filter((name) => counts[name] > 0)
    .map((name) => `${counts[name]} ${name}`)
    .join(', ');
}
