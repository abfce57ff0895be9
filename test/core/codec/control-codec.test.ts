import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as control from '../../../core/codec/control-codec.js';
import * as registration from '../../../core/codec/registration-codec.js';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const uint = fc.nat({ max: 0xffff_ffff });
const int = fc.integer();
/** -0 is the default 0 to FlatBuffers. */
const amount = fc.double({ noNaN: true }).map((value) => value + 0);

/** A record as the decoders make it: with the usual prototype. */
function plain<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

type Case<T> = readonly [string, fc.Arbitrary<T>, (value: T) => Uint8Array, (b: Uint8Array) => T];

function roundTrips<T>([name, arbitrary, encode, decode]: Case<T>): void {
  it(`carries every ${name} and refuses every truncation`, () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), (value, at) => {
        const bytes = encode(value);
        assert.deepStrictEqual(decode(bytes), value);
        const shorter = bytes.subarray(0, at % bytes.length);
        try {
          decode(shorter);
        } catch (error) {
          assert.equal((error as { code?: unknown }).code, 'PROTOCOL_ERROR');
        }
      }),
    );
  });
}

const method = plain({ name: text, kind: fc.nat({ max: 1 }), codec: text });
const slot = plain({ slot: uint, allocationId: text, jobId: text });

describe('the control codec', () => {
  roundTrips([
    'Hello',
    plain({ protocolVersion: uint, system: text, incarnation: uint, maximumFramesize: uint }),
    control.encodeHello,
    control.decodeHello,
  ]);
  roundTrips(['Identify', plain({ path: text }), control.encodeIdentify, control.decodeIdentify]);
  roundTrips([
    'ActorIdentity',
    plain({ path: text, recipient: uint, incarnation: uint }),
    control.encodeActorIdentity,
    control.decodeActorIdentity,
  ]);
  roundTrips<control.HandshakeRequest>([
    'HandshakeRequest',
    plain({
      protocolVersion: uint,
      contract: text,
      contractHash: text,
      methods: fc.array(method),
    }),
    control.encodeHandshakeRequest,
    control.decodeHandshakeRequest,
  ]);
  roundTrips<control.HandshakeAccepted>([
    'HandshakeAccepted',
    plain({ methods: fc.array(fc.nat({ max: 0xffff })) }),
    control.encodeHandshakeAccepted,
    control.decodeHandshakeAccepted,
  ]);

  it('carries the largest handshake', () => {
    const methods = Array.from({ length: 4096 }, (_, i) => ({
      name: `m${i}`,
      kind: 1,
      codec: 'v8',
    }));
    const request = { protocolVersion: 1, contract: 'C', contractHash: 'h', methods };
    const bytes = control.encodeHandshakeRequest(request);
    assert.deepStrictEqual(control.decodeHandshakeRequest(bytes), request);
  });
});

describe('the registration codec', () => {
  roundTrips([
    'TaskExecutorRegistration',
    plain({
      address: text,
      resourceId: text,
      dataPort: int,
      cpuCores: amount,
      memoryBytes: amount,
      slots: uint,
    }),
    registration.encodeTaskExecutorRegistration,
    registration.decodeTaskExecutorRegistration,
  ]);
  roundTrips([
    'TaskExecutorRegistrationSuccess',
    plain({
      instanceId: text,
      resourceManagerId: text,
      heartbeatIntervalMs: amount,
      blobHost: text,
      blobPort: int,
    }),
    registration.encodeTaskExecutorRegistrationSuccess,
    registration.decodeTaskExecutorRegistrationSuccess,
  ]);
  roundTrips<registration.SlotReport>([
    'SlotReport',
    plain({ slots: fc.array(slot) }),
    registration.encodeSlotReport,
    registration.decodeSlotReport,
  ]);
});
