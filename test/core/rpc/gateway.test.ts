import { equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressOf,
  ask,
  blocking,
  callOptions,
  defineGateway,
  FencedRpcEndpoint,
  hostnameOf,
  RpcEndpoint,
  ready,
  tell,
} from '../../../index.js';

function defining(name: string): () => unknown {
  return () => defineGateway('Contract', { [name]: ask<[], void>() });
}

test('no method is named like a member of the endpoint base classes', () => {
  for (const base of [RpcEndpoint, FencedRpcEndpoint]) {
    for (const name of Object.getOwnPropertyNames(base.prototype)) {
      throws(defining(name), { code: 'INVALID_ARGUMENT', method: name }, name);
    }
  }
  throws(defining('onStop'), /contract Contract.*"onStop".*member of RpcEndpoint/);
});

test('no method is named like something that the language calls by itself', () => {
  const names = ['then', 'catch', 'finally', 'toJSON', 'valueOf', 'isPrototypeOf'];
  for (const name of [...names, 'constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    throws(() => defineGateway('C', JSON.parse(`{"${name}":{"kind":"ask","options":{}}}`)), {
      code: 'INVALID_ARGUMENT',
    });
  }
});

test('a name has letters, digits, _ and $, and at most 255 of them', () => {
  for (const name of ['', 'a b', '1a', 'a-b', 'ä', 'a.b', 'x'.repeat(256)]) {
    throws(defining(name), { code: 'INVALID_ARGUMENT' }, name);
  }
  for (const name of ['a', '_', '$', 'a1', 'starting', 'runAsyncNow', 'x'.repeat(255)]) {
    equal(defineGateway('C', { [name]: tell<[]>() }).methods[0]!.name, name);
  }
});

test('what is no gateway is refused by name, whatever it is', () => {
  for (const value of [undefined, null, 'gateway', 7, Symbol('gateway'), {}, () => {}]) {
    const gateway = value as object;
    throws(() => addressOf(gateway), { code: 'INVALID_ARGUMENT' });
    throws(() => hostnameOf(gateway), { code: 'INVALID_ARGUMENT' });
    throws(() => blocking(gateway), { code: 'INVALID_ARGUMENT' });
    throws(() => void ready(gateway), { code: 'INVALID_ARGUMENT' });
  }
});

test('a signal is one: what only has one is refused before anything is sent', () => {
  const { signal } = new AbortController();
  equal(callOptions({ signal }).signal, signal);
  for (const wrong of [new AbortController(), {}, 'now', 1, null]) {
    throws(() => callOptions({ signal: wrong as never }), { code: 'INVALID_ARGUMENT' });
  }
});
