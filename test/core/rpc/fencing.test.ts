import { equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fence, type FencingToken, tokenFromWords, tokenWords } from '../../../core/rpc/fencing.js';
import { RpcError } from '../../../index.js';

const NIL = '00000000-0000-0000-0000-000000000000';

function refused(code: string): (error: unknown) => boolean {
  return (error) => error instanceof RpcError && error.code === code;
}

test('every token comes back as it was written, UUID and epoch apart', () => {
  const tokens = fc.oneof(fc.uuid(), fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }));
  fc.assert(
    fc.property(tokens, (token) => {
      equal(tokenFromWords(tokenWords(token)), token);
    }),
  );
  equal(tokenFromWords(tokenWords(NIL)), NIL);
  const max = 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF';
  equal(tokenFromWords(tokenWords(max)), max.toLowerCase());
});

test('what is neither a UUID of RFC 9562 nor an epoch is refused', () => {
  const wrong: unknown[] = [0n, -1n, 1n << 64n, '', 'x', NIL.slice(1), 7, null, undefined, {}];
  // These 128 bits are how the epoch 1 travels.
  wrong.push('00000000-0000-0000-0000-000000000001');
  for (const token of wrong) {
    throws(() => tokenWords(token as FencingToken), refused('INVALID_ARGUMENT'));
  }
});

test('a fence lets in its own token, and no epoch below the highest it has seen', () => {
  const steps = fc.array(
    fc.record({ isCall: fc.boolean(), epoch: fc.bigInt({ min: 1n, max: 9n }) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const fence = new Fence(1n);
      let own = 1n;
      let highest = 1n;
      for (const { isCall, epoch } of all) {
        if (isCall) {
          if (!fence.admitsToken(tokenWords(epoch))) fence.refusal(tokenWords(epoch));
          if (epoch > highest) highest = epoch;
        } else if (epoch < highest) {
          throws(() => fence.set(epoch), refused('FENCING_TOKEN_MISMATCH'));
        } else {
          fence.set(epoch);
          own = epoch;
          highest = epoch;
        }
        equal(fence.token, own);
        for (let probe = 1n; probe <= highest; probe++) {
          equal(fence.admitsToken(tokenWords(probe)), probe === own && own === highest);
        }
      }
    }),
  );
});

test('a fence without a token lets nothing in, not even what was sent without one', () => {
  const fence = new Fence(null);
  for (const words of [undefined, tokenWords(NIL), tokenWords(1n)]) {
    ok(!fence.admitsToken(words));
    ok(!fence.isCurrent(words));
  }
  const { session } = fence;
  fence.set(NIL);
  ok(!fence.isCurrent(session), 'what was sent before there was a leader stays outside');
  ok(fence.isCurrent(fence.session));
});
