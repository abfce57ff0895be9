import { type AnyGateway, RpcService } from '../../index.js';
import { usageError } from '../exit-codes.js';
import { type ChildProgram, startChildProgram } from './child-program.js';
import { Echo, EchoGateway } from './echo.js';
import { findMethod, loadEndpointClass, type LoadableEndpoint } from './endpoint-class.js';
import {
  echoAsks,
  echoTells,
  namedAsks,
  type NamedMethods,
  namedTells,
} from './endpoint-targets.js';
import { createHttpTarget } from './http-target.js';
import type { AskTarget, TellTarget } from './load-model.js';
import type { LoadCommandOptions, LoadPath } from './load-options.js';

/** A target that is up; exactly one of `asks` and `tells` is there. */
export interface OpenTarget {
  readonly title: string;
  readonly asks?: AskTarget;
  readonly tells?: TellTarget;
  close(): Promise<void>;
}

/** Brings up what the options name and connects to it. */
export async function openTarget(options: LoadCommandOptions): Promise<OpenTarget> {
  const { url, module } = options;
  if (url) {
    const http = createHttpTarget(url, options.inFlight, options.timeoutMs);
    return { title: `GET ${url.href}`, asks: http, close: async () => http.close() };
  }
  if (module) return openModule(options, module);
  const served = await serve(options, Echo, { module: Echo.module, exportName: Echo.name });
  const gateway = (await served.connect(EchoGateway)) as EchoGateway;
  const { payloadBytes, kind } = options;
  const what = payloadBytes === 0 ? 'a number' : `${payloadBytes} bytes`;
  const title = `${kind} of ${what} ${WHERE[options.path]}`;
  return kind === 'ask'
    ? { title, asks: echoAsks(gateway, payloadBytes), close: served.close }
    : { title, tells: echoTells(gateway, payloadBytes), close: served.close };
}

const WHERE: Readonly<Record<LoadPath, string>> = {
  thread: 'to an endpoint on another thread',
  tcp: 'to an endpoint in another process, over TCP',
  local: "to an endpoint on the caller's thread",
};

async function openModule(
  options: LoadCommandOptions,
  choice: NonNullable<LoadCommandOptions['module']>,
): Promise<OpenTarget> {
  const { exportName, method, args, expected, countMethod } = choice;
  const endpointClass = await loadEndpointClass(choice.module, exportName);
  const { contract, kind } = findMethod(endpointClass, method);
  if (kind === 'tell' && countMethod === undefined) {
    throw usageError(`--method ${method} is a tell: --count METHOD must say how many were heard`);
  }
  const served = await serve(options, endpointClass, choice);
  const gateway = (await served.connect(contract)) as NamedMethods;
  const title = `${kind} ${contract.name}.${method} ${WHERE[options.path]}`;
  return kind === 'ask'
    ? { title, asks: namedAsks(gateway, method, args, expected), close: served.close }
    : { title, tells: namedTells(gateway, method, args, countMethod!), close: served.close };
}

interface Served {
  connect(contract: AnyGateway): Promise<object>;
  close(): Promise<void>;
}

/** Starts the endpoint on the path and answers how to reach it. */
async function serve(
  { path, timeoutMs }: LoadCommandOptions,
  endpointClass: LoadableEndpoint,
  source: { readonly module: string; readonly exportName: string },
): Promise<Served> {
  const service = await RpcService.start({
    systemName: 'ringlane-load',
    threads: path === 'thread' ? 1 : 0,
    askTimeoutMs: timeoutMs,
  });
  let child: ChildProgram<{ readonly address: string }> | undefined;
  const close = async (): Promise<void> => {
    await service.close();
    await child?.close();
  };
  try {
    if (path === 'tcp') {
      const program = new URL('./target-process.js', import.meta.url);
      child = await startChildProgram(program, [source.module, source.exportName]);
      const { address } = child.ready;
      return { connect: (contract) => service.connect(address, contract), close };
    }
    const server = await service.startServer(endpointClass, {
      endpointId: 'target',
      thread: path === 'local' ? 'home' : 0,
    });
    await server.start();
    return { connect: (contract) => service.connect(server.address, contract), close };
  } catch (error) {
    // What it says is why the endpoint is not there; that it did not stop either is no news.
    await close().catch(() => {});
    throw error;
  }
}
