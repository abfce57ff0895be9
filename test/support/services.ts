import { afterEach } from 'node:test';
import { RpcService, type RpcServiceOptions } from '../../index.js';

/** Starts services that are closed after each test of the calling file, however it ends. */
export function closedAfterEach(): (options: RpcServiceOptions) => Promise<RpcService> {
  const services: RpcService[] = [];
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.close()));
  });
  return async (options) => {
    const service = await RpcService.start(options);
    services.push(service);
    return service;
  };
}
