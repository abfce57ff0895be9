import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** True where certificates can be made: Node itself cannot sign any. */
export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A certificate authority that lives as long as a test. */
export class TestAuthority {
  readonly cert: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'ringlane-tls-'));

  constructor() {
    this.#openssl('req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2', [
      '-subj',
      '/CN=test authority',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    ]);
    this.cert = this.#read('ca.crt');
  }

  /** A certificate for `names`, such as `IP:127.0.0.1`; one that is over for a negative `days`. */
  issue(names: string, days = 2): Identity {
    writeFileSync(join(this.#folder, 'names'), `subjectAltName=${names}\n`);
    this.#openssl('req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes', [
      ...['-subj', '/CN=test', '-keyout', 'one.key', '-out', 'one.csr'],
    ]);
    this.#openssl('x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names', [
      ...['-in', 'one.csr', '-days', String(days), '-out', 'one.crt'],
    ]);
    return { cert: this.#read('one.crt'), key: this.#read('one.key') };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #openssl(words: string, more: readonly string[]): void {
    const options = { cwd: this.#folder, stdio: 'ignore' } as const;
    execFileSync('openssl', [...words.split(' '), ...more], options);
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8');
  }
}
