/** A task that reads pieces and counts their words; one of these in a slot for each core. */
import type { TaskContext } from '../../../cluster/index.js';
import { PieceSourceGateway, WordShardGateway } from './contracts.js';
import { readPieces, type ReaderResult } from './read-pieces.js';

/** Where a reader task finds its text and its shards. */
export interface ReaderArgument {
  readonly source: string;
  readonly shards: readonly string[];
}

/** Connects and reads until there is nothing left. */
export async function readText(
  argument: ReaderArgument,
  context: TaskContext,
): Promise<ReaderResult> {
  const { rpcService, signal, resourceId } = context;
  const source = await rpcService.connect(argument.source, PieceSourceGateway);
  const shards = await Promise.all(
    argument.shards.map((address) => rpcService.connect(address, WordShardGateway)),
  );
  return readPieces({ reader: resourceId, source, shards, signal });
}
