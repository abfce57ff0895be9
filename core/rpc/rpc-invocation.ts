/** A call as a message: what the reference of an endpoint takes (Flink RpcInvocation). */
export class RpcInvocation {
  readonly method: string;
  readonly args: readonly unknown[];

  constructor(method: string, ...args: readonly unknown[]) {
    this.method = method;
    this.args = args;
  }
}
