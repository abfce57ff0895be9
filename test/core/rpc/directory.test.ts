import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { recipientOf } from '../../../core/actor/cell.js';
import { Directory } from '../../../core/rpc/directory.js';

const at = (slot: number) => ({ recipient: recipientOf(1, slot), incarnation: 7 });

test('an id that is being made again stays taken, and who looks for it waits', async () => {
  const directory = new Directory();
  directory.bind('a_1', at(3));
  directory.suspend('a_1');
  equal(directory.resolve('/user/rpc/a_1'), undefined);
  throws(() => directory.reserve('a_1'), { code: 'DUPLICATE_ENDPOINT' });
  const found: unknown[] = [];
  const looking = ['/user/rpc/a_1', '/user/rpc/a_*'].map(async (path) => {
    found.push((await directory.resolveSoon(path))?.recipient);
  });
  await Promise.resolve();
  deepEqual(found, []);
  // Its thread dies once more before it was made.
  directory.suspend('a_1');
  directory.bind('a_1', at(4));
  await Promise.all(looking);
  deepEqual(found, [recipientOf(1, 4), recipientOf(1, 4)]);
});

test('who waits for an id that is given up finds nobody, and the id is free', async () => {
  const directory = new Directory();
  directory.bind('a', at(3));
  directory.suspend('a');
  const looking = directory.resolveSoon('/user/rpc/a');
  directory.cancel('a');
  equal(await looking, undefined);
  directory.reserve('a');
});

test('nobody waits for an id that nobody makes again', async () => {
  const directory = new Directory();
  directory.reserve('soon');
  equal(await directory.resolveSoon('/user/rpc/soon'), undefined);
  equal(await directory.resolveSoon('/user/rpc/other_*'), undefined);
  equal(await directory.resolveSoon('/elsewhere'), undefined);
});
