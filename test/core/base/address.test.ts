import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Address,
  endpointIdOf,
  formatAddress,
  parseAddress,
} from '../../../core/base/address.js';

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/);
const path = fc.stringMatching(/^\/user\/rpc\/[A-Za-z0-9_*$.:@%-]{1,30}$/);
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.constant('localhost'));
const port = fc.integer({ min: 1, max: 65_535 });
const socketPath = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });

const addresses: fc.Arbitrary<Address> = fc.oneof(
  fc.record({
    protocol: fc.constant('local' as const),
    system: name,
    host: fc.constant(''),
    port: fc.constant(-1),
    path,
  }),
  fc.record({ protocol: fc.constantFrom('tcp', 'tls'), system: name, host, port, path }),
  fc.record({
    protocol: fc.constant('unix' as const),
    system: name,
    host: socketPath,
    port: fc.constant(-1),
    path,
  }),
);

test('every address that is printed is read back as it was', () => {
  fc.assert(
    fc.property(addresses, (address) => {
      deepEqual(parseAddress(formatAddress(address)), { ...address });
    }),
    { numRuns: 2000 },
  );
});

test('the four spellings are read', () => {
  const rest = { system: 's', path: '/user/rpc/c' };
  deepEqual(parseAddress('ringlane://s/user/rpc/c'), {
    ...rest,
    protocol: 'local',
    host: '',
    port: -1,
  });
  const network = { ...rest, host: '127.0.0.1', port: 6123 };
  deepEqual(parseAddress('ringlane.tcp://s@127.0.0.1:6123/user/rpc/c'), {
    ...network,
    protocol: 'tcp',
  });
  deepEqual(parseAddress('ringlane.tls://s@[::1]:6123/user/rpc/c'), {
    ...network,
    host: '::1',
    protocol: 'tls',
  });
  deepEqual(parseAddress('ringlane.unix://s@%2Ftmp%2Fa%3Ab.sock:/user/rpc/c'), {
    ...rest,
    protocol: 'unix',
    host: '/tmp/a:b.sock',
    port: -1,
  });
});

test('what is no address is undefined', () => {
  for (const text of [
    '',
    'counter',
    'http://s/user/rpc/c',
    'ringlane:/s/user/rpc/c',
    'ringlane://s',
    'ringlane:///user/rpc/c',
    'ringlane.udp://s@h:1/user/rpc/c',
    'ringlane.tcp://h:1/user/rpc/c',
    'ringlane.tcp://s@h/user/rpc/c',
    'ringlane.tcp://s@h:0/user/rpc/c',
    'ringlane.tcp://s@h:65536/user/rpc/c',
    'ringlane.tcp://s@h:123456/user/rpc/c',
    'ringlane.tcp://s@h:-1/user/rpc/c',
    'ringlane.tcp://s@::1:5/user/rpc/c',
    'ringlane.tcp://s@h:5',
    'ringlane.unix://s@:/user/rpc/c',
    'RINGLANE://s/user/rpc/c',
    ' ringlane://s/user/rpc/c',
  ]) {
    equal(parseAddress(text), undefined, JSON.stringify(text));
  }
});

test('reading any text at all throws nothing', () => {
  const prefixed = fc
    .tuple(fc.constantFrom('ringlane://', 'ringlane.tcp://', 'ringlane.tls://s@'), fc.string())
    .map(([prefix, rest]) => prefix + rest);
  fc.assert(
    fc.property(fc.oneof(fc.string(), prefixed), (text) => {
      const address = parseAddress(text);
      if (address) equal(typeof formatAddress(address), 'string');
    }),
    { numRuns: 2000 },
  );
});

test('a socket path that is not well encoded is no address', () => {
  equal(parseAddress('ringlane.unix://s@%zz:/user/rpc/c'), undefined);
});

test('only a path below /user/rpc/ has an endpoint id', () => {
  equal(endpointIdOf(parseAddress('ringlane://s/user/rpc/counter_*')!), 'counter_*');
  equal(endpointIdOf(parseAddress('ringlane://s/user/other')!), undefined);
  equal(endpointIdOf(parseAddress('ringlane://s/user/rpc')!), undefined);
});
