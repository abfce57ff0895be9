import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { type Cancellable, Cancels } from '../../../core/actor/cancels.js';
import { RpcError } from '../../../core/errors/rpc-error.js';
import type { CallOutlet } from '../../../core/mailbox/call-outlet.js';

const here = { isOpen: true } as CallOutlet;
const there = { isOpen: true } as CallOutlet;
const gone = new RpcError('PEER_LOST', 'gone');

function listener(heard: string[], name: string): Cancellable {
  return {
    onCancel: () => void heard.push(`${name} cancelled`),
    onCallerLost: ({ code }) => void heard.push(`${name} ${code}`),
  };
}

test('a cancel finds its call by caller and number, once', () => {
  const heard: string[] = [];
  const cancels = new Cancels();
  cancels.add(here, 1, listener(heard, 'a'));
  cancels.add(there, 1, listener(heard, 'b'));
  cancels.add(undefined, 1, listener(heard, 'c'));
  equal(cancels.cancel(there, 2), undefined, 'nobody has that number');
  cancels.cancel(there, 1);
  cancels.cancel(there, 1);
  cancels.remove(here, 1);
  cancels.cancel(here, 1);
  cancels.cancel(undefined, 1);
  deepEqual(heard, ['b cancelled', 'c cancelled']);
});

test('whose caller is lost hears of it once, and the calls of others do not', () => {
  const heard: string[] = [];
  const cancels = new Cancels();
  cancels.add(here, 1, listener(heard, 'a'));
  cancels.add(here, 2, listener(heard, 'b'));
  cancels.add(there, 3, listener(heard, 'c'));
  cancels.lose(here, gone);
  cancels.lose(here, gone);
  cancels.cancel(here, 1);
  deepEqual(heard, ['a PEER_LOST', 'b PEER_LOST']);
  cancels.cancel(there, 3);
  equal(heard.length, 3);
});

test('whose caller was lost before hears of it at once, and is not kept', () => {
  const heard: string[] = [];
  const cancels = new Cancels();
  const lostThread = { isOpen: false, isRemote: false } as CallOutlet;
  cancels.add({ isOpen: false, isRemote: true } as CallOutlet, 1, listener(heard, 'a'));
  cancels.add(lostThread, 1, listener(heard, 'b'));
  deepEqual(heard, ['a PEER_LOST', 'b THREAD_TERMINATED']);
  equal(cancels.cancel(lostThread, 1), undefined);
});
