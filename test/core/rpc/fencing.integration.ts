import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { RpcService } from '../../../index.js';
import { failure } from '../../support/failure.js';
import {
  Election,
  ElectionGateway,
  Leader,
  LeaderGateway,
} from '../../support/rpc-leader-fixtures.js';

const FIRST = '0b7f1f6e-3a51-4f0a-9a9e-3d3a5b1f7c55';

test('a self gateway follows the token, wherever the endpoint lives', async () => {
  const service = await RpcService.start({ systemName: 'fencing', threads: 1 });
  try {
    for (const thread of ['home', 0] as const) {
      const options = { thread, endpointId: `leader_${thread}`, args: [null] as [null] };
      const leader = await service.startServer(Leader, options);
      const court = await service.startServer(Election, { thread });
      await Promise.all([leader.start(), court.start()]);
      const election = court.getSelfGateway(ElectionGateway);
      const self = leader.getSelfGateway(LeaderGateway);
      await failure('FENCING_TOKEN_MISMATCH', self.run());
      await election.grant(leader.endpointId, FIRST);
      equal(await self.run(), 0);
      await election.grant(leader.endpointId, 7n);
      equal(await self.run(), 1);
      equal(await leader.getSelfGateway(LeaderGateway).run(), 2);
      await election.grant(leader.endpointId, null);
      await failure('FENCING_TOKEN_MISMATCH', self.run());
      await leader.close();
      await failure('RECIPIENT_UNREACHABLE', self.run());
    }
  } finally {
    await service.close();
  }
});
