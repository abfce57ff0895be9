import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Builder, ByteBuffer } from 'flatbuffers';
import { encodeHandshakeRequest, encodeHello } from '../../../core/codec/control-codec.js';
import { encodeFailure } from '../../../core/codec/failure-codec.js';
import * as specs from '../../../core/codec/table-specs.js';
import { type TableSpec, VERIFIER_LIMITS, verify } from '../../../core/codec/verifier.js';
import * as tables from '../../../schemas/gen/index.js';

function invocation(fenced: boolean): Uint8Array {
  const builder = new Builder(64);
  builder.forceDefaults(true);
  const content = tables.Invocation.createArgumentsVector(builder, new Uint8Array([1, 2, 3, 4]));
  tables.Invocation.startInvocation(builder);
  tables.Invocation.addCall(builder, 7);
  tables.Invocation.addMethod(builder, 3);
  tables.Invocation.addArguments(builder, content);
  if (fenced) {
    const token = tables.FencingToken.createFencingToken(builder, 1, 2, 3, 4);
    tables.Invocation.addToken(builder, token);
  }
  builder.finish(tables.Invocation.endInvocation(builder));
  return Uint8Array.from(builder.asUint8Array());
}

function reply(): Uint8Array {
  const builder = new Builder(64);
  const value = tables.Reply.createValueVector(builder, new Uint8Array(9));
  builder.finish(tables.Reply.createReply(builder, 5, 1, 0, value));
  return Uint8Array.from(builder.asUint8Array());
}

const methods = [
  { name: 'add', kind: 1, codec: 'values' },
  { name: 'reset', kind: 0, codec: 'values' },
];

interface Sample {
  readonly spec: TableSpec;
  readonly bytes: Uint8Array;
  /** Reads everything, as the engine would. */
  readonly readAll: (buffer: ByteBuffer) => unknown;
}

function readFailure(failure: tables.Failure | null): unknown {
  if (failure === null) return undefined;
  failure.limit();
  return [failure.name(), failure.message(), failure.stack(), readFailure(failure.cause())];
}

const SAMPLES: readonly Sample[] = [
  ...[false, true].map((fenced) => ({
    spec: specs.INVOCATION_SPEC,
    bytes: invocation(fenced),
    readAll: (buffer: ByteBuffer) => {
      const table = tables.Invocation.getRootAsInvocation(buffer);
      return [table.call(), table.method(), table.argumentsArray(), table.token()?.word3()];
    },
  })),
  {
    spec: specs.REPLY_SPEC,
    bytes: reply(),
    readAll: (buffer) => tables.Reply.getRootAsReply(buffer).valueArray(),
  },
  {
    spec: specs.FAILURE_SPEC,
    bytes: encodeFailure(new Error('a', { cause: new TypeError('b') })),
    readAll: (buffer) => readFailure(tables.Failure.getRootAsFailure(buffer)),
  },
  {
    spec: specs.HELLO_SPEC,
    bytes: encodeHello({ protocolVersion: 1, system: 's', incarnation: 5, maximumFramesize: 9 }),
    readAll: (buffer) => tables.Hello.getRootAsHello(buffer).system(),
  },
  {
    spec: specs.HANDSHAKE_REQUEST_SPEC,
    bytes: encodeHandshakeRequest({ protocolVersion: 1, contract: 'C', contractHash: '', methods }),
    readAll: (buffer) => {
      const table = tables.HandshakeRequest.getRootAsHandshakeRequest(buffer);
      const names: unknown[] = [];
      for (let i = 0; i < table.methodsLength(); i++) names.push(table.methods(i)?.name());
      return names;
    },
  },
];

/** Every read of the accessors must lie inside: they get a buffer that throws where it ends. */
class Fence extends ByteBuffer {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  override readInt8(offset: number): number {
    return this.#view.getInt8(offset);
  }
  override readUint8(offset: number): number {
    return this.#view.getUint8(offset);
  }
  override readInt16(offset: number): number {
    return this.#view.getInt16(offset, true);
  }
  override readUint16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }
  override readInt32(offset: number): number {
    return this.#view.getInt32(offset, true);
  }
  override readUint32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }
  override readFloat64(offset: number): number {
    return this.#view.getFloat64(offset, true);
  }
}

function check(sample: Sample, bytes: Uint8Array): void {
  if (verify(bytes, sample.spec) === undefined) sample.readAll(new Fence(bytes));
}

/** `Failure` inside `Failure`, `depth` tables in all. */
function nested(depth: number): Uint8Array {
  const builder = new Builder(64);
  let offset = 0;
  for (let i = 0; i < depth; i++) {
    tables.Failure.startFailure(builder);
    tables.Failure.addCode(builder, 1);
    tables.Failure.addCause(builder, offset);
    offset = tables.Failure.endFailure(builder);
  }
  builder.finish(offset);
  return builder.asUint8Array();
}

describe('the verifier', () => {
  it('accepts what the real builder wrote', () => {
    for (const { spec, bytes, readAll } of SAMPLES) {
      assert.equal(verify(bytes, spec), undefined);
      assert.notEqual(readAll(new Fence(bytes)), undefined);
    }
  });

  it('accepts bytes at any place in their buffer', () => {
    for (const { spec, bytes } of SAMPLES) {
      const larger = new Uint8Array(bytes.length + 3);
      larger.set(bytes, 3);
      assert.equal(verify(larger.subarray(3), spec), undefined);
    }
  });

  it('never throws and accepts nothing that reads outside, whatever byte changes', () => {
    for (const sample of SAMPLES) {
      for (let at = 0; at < sample.bytes.length; at++) {
        for (const value of [0, 1, 2, 4, 8, 0x7f, 0x80, 0xfc, 0xff]) {
          const bytes = Uint8Array.from(sample.bytes);
          bytes[at] = value;
          check(sample, bytes);
        }
      }
    }
  });

  it('never throws and accepts nothing that reads outside, whatever words change', () => {
    const change = fc.tuple(fc.nat(), fc.oneof(fc.integer({ min: -64, max: 64 }), fc.integer()));
    fc.assert(
      fc.property(
        fc.nat({ max: SAMPLES.length - 1 }),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (which, changes) => {
          const sample = SAMPLES[which]!;
          const bytes = Uint8Array.from(sample.bytes);
          const view = new DataView(bytes.buffer);
          for (const [at, value] of changes) view.setInt32(at % (bytes.length - 3), value, true);
          check(sample, bytes);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('never throws on random bytes and truncations', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        for (const sample of SAMPLES) check(sample, bytes);
      }),
      { numRuns: 1000 },
    );
    for (const sample of SAMPLES) {
      for (let length = 0; length < sample.bytes.length; length++) {
        check(sample, sample.bytes.slice(0, length));
      }
    }
  });

  it('bounds the depth', () => {
    assert.equal(verify(nested(VERIFIER_LIMITS.depth), specs.FAILURE_SPEC), undefined);
    const reason = verify(nested(VERIFIER_LIMITS.depth + 1), specs.FAILURE_SPEC);
    assert.equal(reason, 'Failure is nested too deep');
  });

  it('bounds the number of tables and the bytes of shared parts', () => {
    const many = (count: number, nameLength: number): Uint8Array => {
      const builder = new Builder(64);
      const name = builder.createString('n'.repeat(nameLength));
      const shared = tables.MethodSignature.createMethodSignature(builder, name, 1, name);
      const list = Array.from({ length: count }, () => shared);
      const vector = tables.HandshakeRequest.createMethodsVector(builder, list);
      tables.HandshakeRequest.startHandshakeRequest(builder);
      tables.HandshakeRequest.addMethods(builder, vector);
      builder.finish(tables.HandshakeRequest.endHandshakeRequest(builder));
      return builder.asUint8Array();
    };
    const spec = specs.HANDSHAKE_REQUEST_SPEC;
    assert.equal(verify(many(1, 8), spec), undefined);
    assert.match(verify(many(5000, 0), spec) ?? '', /too many tables|shared parts/);
    assert.equal(verify(many(1000, 5000), spec), 'shared parts add up to too many bytes');
  });

  it('refuses texts that are not UTF-8 or not ended by a zero', () => {
    const good = encodeHello({
      protocolVersion: 1,
      system: 'abc',
      incarnation: 1,
      maximumFramesize: 1,
    });
    const at = Buffer.from(good).indexOf('abc');
    const broken = Uint8Array.from(good);
    broken[at] = 0xff;
    assert.equal(verify(broken, specs.HELLO_SPEC), 'field 1 of Hello is not UTF-8');
    broken[at] = 0x61;
    broken[at + 3] = 1;
    assert.equal(verify(broken, specs.HELLO_SPEC), 'field 1 of Hello does not end with a zero');
  });

  it('ignores fields of newer versions', () => {
    const older: TableSpec = { name: 'Hello', fields: specs.HELLO_SPEC.fields.slice(0, 1) };
    assert.equal(verify(SAMPLES[4]!.bytes, older), undefined);
  });
});
