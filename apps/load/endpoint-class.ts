import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyGateway, RpcEndpoint } from '../../index.js';
import { inputError, usageError } from '../exit-codes.js';

/** An endpoint class without constructor arguments. */
export type LoadableEndpoint = (new () => RpcEndpoint) & {
  readonly gateways: readonly AnyGateway[];
  readonly module: string | undefined;
  readonly exportName: string | undefined;
};

/** Imports an endpoint class; says in one line what is wrong with the module if something is. */
export async function loadEndpointClass(
  module: string,
  exportName: string,
): Promise<LoadableEndpoint> {
  let exported: unknown;
  try {
    exported = ((await import(module)) as Record<string, unknown>)[exportName];
  } catch (error) {
    throw inputError(`${module} cannot be loaded: ${(error as Error).message}`);
  }
  if (isEndpointClass(exported)) return exported;
  throw inputError(`${module} exports no endpoint class ${exportName} (extends RpcEndpoint)`);
}

function isEndpointClass(value: unknown): value is LoadableEndpoint {
  // By its statics: the user's copy of the package may not be ours.
  return typeof value === 'function' && Array.isArray((value as { gateways?: unknown }).gateways);
}

/** Reads `FILE#Export`; the export is `default` when it is left out. */
export function parseModule(text: string): {
  readonly module: string;
  readonly exportName: string;
} {
  const hash = text.lastIndexOf('#');
  const file = hash < 0 ? text : text.slice(0, hash);
  const exportName = hash < 0 ? 'default' : text.slice(hash + 1);
  if (file === '' || exportName === '') throw usageError('--module is written FILE#Export');
  const path = resolve(file);
  if (!existsSync(path)) throw inputError(`--module: there is no file ${path}`);
  return { module: pathToFileURL(path).href, exportName };
}

/** The contract of a class that has `method`, and whether it is asked or told. */
export function findMethod(
  endpointClass: LoadableEndpoint,
  method: string,
): { readonly contract: AnyGateway; readonly kind: 'ask' | 'tell' } {
  const known: string[] = [];
  for (const contract of endpointClass.gateways) {
    for (const { name, kind } of contract.methods) {
      if (name === method) return { contract, kind };
      known.push(name);
    }
  }
  throw usageError(`--method: there is no ${method}; the contract has ${known.join(', ')}`);
}
