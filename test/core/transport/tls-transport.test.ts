import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { after, afterEach, describe, it } from 'node:test';
import { systemClock } from '../../../core/base/clock.js';
import type { TlsOptions } from '../../../core/config/options.js';
import { isRpcError, type RpcError } from '../../../core/errors/rpc-error.js';
import type { Connection } from '../../../core/transport/connection.js';
import { dial } from '../../../core/transport/dial.js';
import { type Listener, listen } from '../../../core/transport/listener.js';
import { TlsTransport } from '../../../core/transport/tls-transport.js';
import { hasOpenssl, TestAuthority } from '../../support/certificates.js';
import { until as waitUntil } from '../../support/until.js';
import { Recorder, send, until } from './harness.js';

const common = { clock: systemClock, maximumFramesize: 1024 * 1024, connectTimeoutMs: 5_000 };
const host = '127.0.0.1';
const skip = !hasOpenssl() && 'there is no openssl to make certificates with';
const authority = skip ? undefined! : new TestAuthority();
const other = skip ? undefined! : new TestAuthority();
const here = skip ? undefined! : authority.issue('IP:127.0.0.1,DNS:localhost');
const guest = skip ? undefined! : authority.issue('DNS:guest');
const ca = skip ? '' : authority.cert;

function fingerprintOf(cert: string): string {
  return new X509Certificate(cert).fingerprint256;
}

const opened: Listener[] = [];
afterEach(() => Promise.all(opened.splice(0).map((listener) => listener.close())));
after(() => {
  authority?.close();
  other?.close();
});

async function serve(options: TlsOptions, handshakeTimeoutMs?: number): Promise<Listener> {
  const recorder = new Recorder();
  recorder.onRecord = (connection: Connection, type, offset, length) => {
    const { bytes } = connection.inbound;
    send(connection, type, bytes.subarray(offset, offset + length));
  };
  const at = { host, port: 0, tls: options };
  const identity = { system: 'server', incarnation: 1 };
  const accept = (): Recorder => recorder;
  const transport = new TlsTransport(options, handshakeTimeoutMs);
  const listener = await listen(transport, at, identity, { ...common, accept });
  opened.push(listener);
  return listener;
}

async function call(
  port: number,
  options: TlsOptions,
  name = host,
): Promise<{ client: Connection; saw: Recorder }> {
  const saw = new Recorder();
  const target = { host: name, port };
  const identity = { system: 'client', incarnation: 2 };
  const client = await dial(new TlsTransport(options), target, identity, {
    ...common,
    listener: saw,
  });
  return { client, saw };
}

/** Both directions, short and long, and the end. */
async function carries(port: number, options: TlsOptions, name = host): Promise<void> {
  const { client, saw } = await call(port, options, name);
  for (const length of [16, 300_000]) {
    const before = saw.records.length;
    assert.ok(send(client, 3, Buffer.alloc(length, 7)));
    await until(() => saw.records.length > before, 'the echo');
    const { body } = saw.records.at(-1)!;
    assert.ok(body.equals(Buffer.alloc(length, 7)));
  }
  await client.close();
}

async function refusal(port: number, options: TlsOptions, name = host): Promise<RpcError> {
  const outcome = await call(port, options, name).catch((error: unknown) => error);
  assert.ok(isRpcError(outcome), 'it is refused');
  assert.equal(outcome.code, 'CONNECTION_FAILED');
  assert.equal(outcome.effect, 'none');
  return outcome;
}

describe('tls transport', { skip }, () => {
  it('carries records between two that know their authority, by address and by name', async () => {
    const { port } = await serve({ ...here, ca });
    await carries(port, { ...guest, ca });
    await carries(port, { ...guest, ca }, 'localhost');
  });

  it('lets nobody in without a certificate of the authority', async () => {
    const { port } = await serve({ ...here, ca });
    await refusal(port, { ca });
    await refusal(port, { ...other.issue('DNS:guest'), ca });
    await refusal(port, { ...authority.issue('DNS:guest', -1), ca });
    await until(() => opened[0]!.counts.acceptErrors === 3, 'all three are counted');
    assert.equal(opened[0]!.counts.accepted, 0);
    await carries(port, { ...guest, ca });
  });

  it('goes to nobody whose certificate is strange, over, or of another name', async () => {
    const stranger = await serve({ ...other.issue('IP:127.0.0.1'), ca });
    assert.match((await refusal(stranger.port, { ...guest, ca })).message, /verify|self.signed/);
    const old = await serve({ ...authority.issue('IP:127.0.0.1', -1), ca });
    assert.match((await refusal(old.port, { ...guest, ca })).message, /expired/);
    const named = await serve({ ...authority.issue('DNS:elsewhere'), ca });
    assert.match((await refusal(named.port, { ...guest, ca })).message, /altnames|does not match/);
  });

  it('takes exactly the pinned certificates, with or without an authority', async () => {
    const pins = { peerFingerprints: [fingerprintOf(here.cert)] };
    const only = { peerFingerprints: [fingerprintOf(guest.cert).toLowerCase()] };
    const { port } = await serve({ ...here, ...only });
    await carries(port, { ...guest, ...pins });
    await carries(port, { ...guest, ...pins, ca }, 'localhost');
    await refusal(port, { ...here, ...pins });
    const elsewhere = { peerFingerprints: [fingerprintOf(guest.cert)] };
    assert.match((await refusal(port, { ...guest, ...elsewhere })).message, /peerFingerprints/);
  });

  it('lets anybody in who need not show a certificate', async () => {
    const { port } = await serve({ ...here, requestCert: false });
    await carries(port, { ca });
  });

  it('speaks nothing older than TLS 1.2, and nothing but TLS', async () => {
    const { port } = await serve({ ...here, ca });
    const options = { host, port, ca, ...guest, rejectUnauthorized: false } as const;
    const old = tls.connect({
      ...options,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const [error] = await new Promise<unknown[]>((resolve) => {
      old.on('error', (...args) => resolve(args));
    });
    assert.match(String(error), /alert protocol version/);
    const plain = net.connect({ host, port });
    plain.end('GET / HTTP/1.1\r\n\r\n');
    plain.resume();
    await new Promise((resolve) => plain.on('close', resolve));
    await carries(port, { ...guest, ca });
  });

  it('hangs up on those who never finish the TLS handshake, so that others get in', async () => {
    const { port } = await serve({ ...here, ca }, 50);
    const silent = Array.from({ length: 64 }, () => net.connect({ host, port }).resume());
    // Nobody is let in while so many handshakes are under way.
    await Promise.all(silent.map((socket) => once(socket, 'close')));
    const isLetIn = async (): Promise<boolean> => {
      const called = await call(port, { ...guest, ca }).catch(() => undefined);
      await called?.client.close();
      return called !== undefined;
    };
    // So little time may be too little for one who is honest, too.
    await waitUntil(isLetIn, 'one who finishes it');
  });

  it('is closed at once while strangers are in the TLS handshake', async () => {
    const listener = await serve({ ...here, ca }, 600_000);
    const { port } = listener;
    const stranger = net.connect({ host, port }).resume();
    const hungUp = once(stranger, 'close');
    await once(stranger, 'connect');
    // Whoever came later was accepted later.
    await carries(port, { ...guest, ca });
    await Promise.all([listener.close(), hungUp]);
  });

  it('says at once what is wrong with its options', async () => {
    assert.throws(() => new TlsTransport({ cert: 'no', key: 'no' }), /INVALID_ARGUMENT.*tls: /);
    await assert.rejects(serve({ ca }), /listen\.tls needs cert and key/);
    await assert.rejects(serve({ ...here }), /say whom to trust/);
  });
});
