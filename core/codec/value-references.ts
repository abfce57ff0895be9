/**
 * On objects that travel as their address and arrive as a reference to the same thing: references
 * to actors. Everything else that is an instance of a class arrives as a plain object.
 */
export const referenceAddress: unique symbol = Symbol('ringlane.referenceAddress');

/** Makes the reference of an address; each thread of each service has its own. */
export type ReferenceReader = (address: string) => unknown;

/** The address that an object travels as; undefined for all others. */
export function addressOfReference(object: object): string | undefined {
  return (object as { readonly [referenceAddress]?: string })[referenceAddress];
}
