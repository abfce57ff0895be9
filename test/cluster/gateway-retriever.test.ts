import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayRetriever } from '../../cluster/gateway-retriever.js';
import { EmbeddedLeaderService } from '../../core/ha/embedded-leader-service.js';

test('a gateway whose connection was lost is replaced while its leader goes on', async () => {
  const leaders = new EmbeddedLeaderService();
  const election = leaders.createLeaderElection('component');
  election.startLeaderElection({
    grantLeadership: (sessionId) => election.confirmLeadership(sessionId, 'a'),
    revokeLeadership: () => {},
  });
  const made: { readonly address: string }[] = [];
  const retrieval = leaders.createLeaderRetrieval('component');
  const retriever = new GatewayRetriever(retrieval, async ({ address }) => {
    made.push({ address });
    return made.at(-1)!;
  });
  const first = await retriever.gateway();
  assert.equal(first.address, 'a');
  // Nobody tells it that a connection is gone, so none is handed out twice.
  assert.notEqual(await retriever.gateway(), first);
  retriever.close();
  await assert.rejects(retriever.gateway(), { code: 'SERVICE_CLOSED' });
});
