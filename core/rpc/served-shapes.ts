import type { CreatedEndpoint, EndpointSpec } from './system-contracts.js';

type Shape = Pick<CreatedEndpoint, 'contracts' | 'methods'>;

/**
 * What the endpoints of a class have in common, kept once: each of them says it of itself when it
 * is made, and there may be very many.
 */
export class ServedShapes {
  /** By module and export: at most one a class. */
  readonly #shapes = new Map<string, Shape>();

  /** The same endpoint, sharing lists with the one of its class that was made before it. */
  share(
    created: CreatedEndpoint,
    { module, exportName, endpointId }: EndpointSpec,
  ): CreatedEndpoint {
    const key = `${module} ${exportName}`;
    const known = this.#shapes.get(key);
    // Another life of the thread may have loaded another version of the module.
    if (known && isSame(known, created)) {
      const { contracts, methods } = known;
      return { ...created, endpointId, contracts, methods };
    }
    this.#shapes.set(key, created);
    return created;
  }
}

function isSame(a: Shape, b: Shape): boolean {
  return (
    a.contracts.length === b.contracts.length &&
    a.contracts.every((name, i) => name === b.contracts[i]) &&
    a.methods.length === b.methods.length &&
    a.methods.every(
      ({ name, kind }, i) => name === b.methods[i]!.name && kind === b.methods[i]!.kind,
    )
  );
}
