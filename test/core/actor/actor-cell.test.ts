import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorSystem, type DeadLetter, Props } from '../../../actor.js';
import { ActorCell } from '../../../core/actor/actor-cell.js';
import { type ActorNode, ActorSelection } from '../../../core/actor/actor-selection.js';
import { ActorThread } from '../../../core/actor/actor-thread.js';
import { recipientOf } from '../../../core/actor/cell.js';
import { DeadLetterRef } from '../../../core/actor/local-actor-ref.js';
import { nothingBeside } from '../../../core/actor/payloads.js';
import { ThreadAsker } from '../../../core/actor/thread-asker.js';
import { systemClock } from '../../../core/base/clock.js';
import { silentLogger } from '../../../core/base/logger.js';
import { InvocationEnvelope, ReplyEnvelope } from '../../../core/codec/envelope.js';
import { decodeFailure } from '../../../core/codec/failure-codec.js';
import {
  InvocationStamp,
  RECORD_INVOCATION,
  RECORD_REPLY,
  STATUS_FAILURE,
} from '../../../core/codec/stamps.js';
import { effectiveOptions } from '../../../core/config/options.js';
import type { CallOutlet } from '../../../core/mailbox/call-outlet.js';
import { createRegion } from '../../../core/memory/region-descriptor.js';
import { Runner } from './actor-support.js';

function createThread(): ActorThread {
  return new ActorThread({
    thread: 0,
    region: createRegion(1),
    settings: effectiveOptions({ threads: 0 }).settings,
    clock: systemClock,
    logger: silentLogger,
    epochMs: systemClock.nowMs(),
    offerLane: (offer) => offer.port.close(),
  });
}

function createCell(thread: ActorThread): ActorCell {
  const asker = new ThreadAsker(thread, () => 1);
  const root: ActorNode = { parent: undefined, self: undefined, childNodes: new Map() };
  const { deadLetters } = thread;
  const environment = {
    thread,
    system: { name: 'test' } as ActorSystem,
    asker,
    root,
    nobody: new DeadLetterRef('nobody', deadLetters),
    nextUid: () => 1,
    select: (path: string, anchor: ActorNode) =>
      new ActorSelection(path, { systemName: 'test', root, anchor, asker, deadLetters }),
    checkOpen: () => {},
    onGuardianStopped: () => {},
  };
  return new ActorCell({ environment, props: Props.of(Runner), name: 'user', parent: undefined });
}

/** An outlet that keeps the one record written to it. */
function createOutlet(): { readonly outlet: CallOutlet; readonly types: number[] } {
  const memory = new ArrayBuffer(64 * 1024);
  const types: number[] = [];
  const outlet: CallOutlet = {
    words: new Int32Array(memory),
    bytes: Buffer.from(memory),
    isOpen: true,
    isRemote: false,
    besideBytes: Number.POSITIVE_INFINITY,
    recordLimitBytes: Number.POSITIVE_INFINITY,
    claim: () => 0,
    claimReply: () => 0,
    commit: (_length, type) => void types.push(type),
    sendBeside: () => assert.fail('nothing is big here'),
    hasRoom: () => true,
    whenRoom: () => Promise.resolve(),
  };
  return { outlet, types };
}

function callTo(recipient: number, incarnation: number, call: number): InvocationEnvelope {
  const memory = new ArrayBuffer(256);
  const source = { words: new Int32Array(memory), bytes: Buffer.from(memory) };
  const stamp = new InvocationStamp({ recipient, incarnation, method: 0, token: undefined });
  stamp.stamp(source.words, 0, call, 0);
  stamp.finish(source.words, 0, 0, 0);
  const envelope = new InvocationEnvelope();
  envelope.wrap(source, RECORD_INVOCATION, 0);
  return envelope;
}

test('an actor has a cell in the table of its thread; gateway calls to it are refused', () => {
  const thread = createThread();
  try {
    const cell = createCell(thread);
    const recipient = recipientOf(0, 0);
    assert.equal(thread.cells.find(recipient, 1), cell);
    assert.equal(cell.isExported, false);
    const { outlet, types } = createOutlet();
    thread.deliver(callTo(recipient, 1, 77), outlet, nothingBeside);
    assert.deepEqual(types, [RECORD_REPLY]);
    const reply = new ReplyEnvelope();
    reply.wrap(outlet, 0);
    assert.deepEqual([reply.call, reply.status], [77, STATUS_FAILURE]);
    const { payloadOffset, payloadLength } = reply;
    const failure = decodeFailure(
      outlet.bytes.subarray(payloadOffset, payloadOffset + payloadLength),
    );
    assert.deepEqual([failure.code, failure.effect], ['RECIPIENT_UNREACHABLE', 'none']);

    const letters: DeadLetter[] = [];
    thread.deadLetters.subscribe((letter) => letters.push(letter));
    thread.deliver(callTo(recipient, 1, 0), outlet, nothingBeside);
    assert.deepEqual(
      letters.map(({ reason, path }) => [reason, path]),
      [['refused', '/user']],
    );
    assert.deepEqual(types, [RECORD_REPLY], 'a tell is not answered');

    cell.finish();
    assert.equal(thread.cells.find(recipient, 1), undefined);
  } finally {
    thread.close(() => assert.fail('no ask is open'));
  }
});
