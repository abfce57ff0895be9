import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  ask,
  defineGateway,
  type ListenOptions,
  RpcEndpoint,
  RpcService,
  type TlsOptions,
} from '../../../index.js';
import { hasOpenssl, TestAuthority } from '../../support/certificates.js';

const EchoGateway = defineGateway('SecureEcho', { echo: ask<[bytes: Buffer], Buffer>() });

class Echo extends RpcEndpoint {
  static override readonly gateways = [EchoGateway];
  static override readonly module = import.meta.url;
  echo(bytes: Buffer): Buffer {
    return bytes;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'ringlane-'));
const skip = !hasOpenssl() && 'there is no openssl to make certificates with';
const authority = skip ? undefined : new TestAuthority();
after(() => {
  rmSync(folder, { recursive: true, force: true });
  authority?.close();
});

/** A service that listens at `listen`, and one that calls its endpoint there. */
async function carries(listen: ListenOptions, start: RegExp, tls?: TlsOptions): Promise<void> {
  await using callee = await RpcService.start({ threads: 0, systemName: 'callee', listen });
  const server = await callee.startServer(Echo, { thread: 'home', endpointId: 'echo' });
  await server.start();
  assert.match(server.address, start);
  const options = tls === undefined ? {} : { tls };
  await using caller = await RpcService.start({ threads: 0, systemName: 'caller', ...options });
  const echo = await caller.connect(server.address, EchoGateway);
  for (const length of [10, 200_000]) {
    const bytes = Buffer.alloc(length, length);
    assert.ok((await echo.echo(bytes)).equals(bytes));
  }
}

describe('other ways between processes', () => {
  it('are unix sockets', async () => {
    await carries({ path: join(folder, 'a b.sock') }, /^ringlane\.unix:\/\/callee@.*a%20b\.sock/);
  });

  it('are TLS, where the caller shows its own certificate', { skip }, async () => {
    const ca = authority!.cert;
    const tls = { ...authority!.issue('IP:127.0.0.1'), ca };
    const caller = { ...authority!.issue('DNS:caller'), ca };
    await carries({ port: 0, tls }, /^ringlane\.tls:\/\/callee@127\.0\.0\.1:/, caller);
  });

  it('refuse callers without certificate, and options that cannot work', { skip }, async () => {
    const ca = authority!.cert;
    const tls = { ...authority!.issue('IP:127.0.0.1'), ca };
    await assert.rejects(
      carries({ port: 0, tls }, /./, { ca }),
      (error: { code?: string }) => error.code === 'CONNECTION_FAILED',
    );
    const both = { path: join(folder, 'x.sock'), tls };
    await assert.rejects(carries(both, /./), /do not go together/);
    const open = { host: '0.0.0.0', tls: { ...tls, requestCert: false } };
    await assert.rejects(carries(open, /./), /lets other machines call without authentication/);
  });

  it('need no word of warning for other machines when they ask for certificates', async () => {
    if (authority === undefined) return;
    const tls = { ...authority.issue('DNS:anywhere'), ca: authority.cert };
    const service = await RpcService.start({ threads: 0, listen: { host: '0.0.0.0', tls } });
    assert.ok(service.port > 0);
    await service.close();
  });
});
