import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CHILD = fileURLToPath(new URL('./small-heap-child.js', import.meta.url));

/** What a process of little memory says to a message; it dies of one that claims too much. */
async function readWithSmallHeap(message: string): Promise<string> {
  const args = ['--max-old-space-size=32', '--max-semi-space-size=2', CHILD, message];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

describe('a small message from outside', () => {
  it('is refused when arrays inside of arrays claim more than it holds', async () => {
    assert.equal(await readWithSmallHeap('nested'), 'PROTOCOL_ERROR');
  });

  it('takes no memory for the holes of its arrays', async () => {
    assert.equal(await readWithSmallHeap('sparse'), Array(10).fill(30_000_000).join());
  });
});
