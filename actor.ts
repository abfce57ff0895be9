/** The door `ringlane/actor`: the actor layer that the RPC layer is built on. */
export { type DeadLetter, DeadLetters } from './core/actor/dead-letters.js';
