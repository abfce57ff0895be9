import {
  ActorIdentity as ActorIdentityTable,
  HandshakeAccepted as HandshakeAcceptedTable,
  HandshakeRequest as HandshakeRequestTable,
  Hello as HelloTable,
  Identify as IdentifyTable,
  MethodSignature as MethodSignatureTable,
} from '../../schemas/gen/index.js';
import { elements, encodeTable, openTable, required } from './table-codec.js';
import {
  ACTOR_IDENTITY_SPEC,
  HANDSHAKE_ACCEPTED_SPEC,
  HANDSHAKE_REQUEST_SPEC,
  HELLO_SPEC,
  IDENTIFY_SPEC,
} from './table-specs.js';

/** First frame of both sides of a connection. */
export interface Hello {
  readonly protocolVersion: number;
  readonly system: string;
  /** Random number of this run of the service, an unsigned integer of 32 bits. */
  readonly incarnation: number;
  /** Largest frame in bytes that this side accepts. */
  readonly maximumFramesize: number;
}

/** Asks who lives at a path (Flink resolves an actor the same way). */
export interface Identify {
  readonly path: string;
}

/** Who lives at a path; `recipient` is 0 when nobody does. */
export interface ActorIdentity {
  readonly path: string;
  readonly recipient: number;
  readonly incarnation: number;
}

/** One method of a contract; `kind` is 0 for a tell and 1 for an ask. */
export interface MethodSignature {
  readonly name: string;
  readonly kind: number;
  readonly codec: string;
}

/** May a caller with this contract talk to the endpoint? */
export interface HandshakeRequest {
  readonly protocolVersion: number;
  readonly contract: string;
  readonly contractHash: string;
  readonly methods: readonly MethodSignature[];
}

/** For each method of the request, its index in the endpoint's method table. */
export interface HandshakeAccepted {
  readonly methods: readonly number[];
}

/** Encodes; the inverse of {@link decodeHello}. */
export function encodeHello(hello: Hello): Uint8Array {
  return encodeTable((builder) => {
    const system = builder.createString(hello.system);
    HelloTable.startHello(builder);
    HelloTable.addProtocolVersion(builder, hello.protocolVersion);
    HelloTable.addSystem(builder, system);
    HelloTable.addIncarnation(builder, hello.incarnation);
    HelloTable.addMaximumFramesize(builder, hello.maximumFramesize);
    return HelloTable.endHello(builder);
  });
}

/** Throws `PROTOCOL_ERROR` when the bytes are no Hello. */
export function decodeHello(bytes: Uint8Array): Hello {
  const table = HelloTable.getRootAsHello(openTable(bytes, HELLO_SPEC));
  return {
    protocolVersion: table.protocolVersion(),
    system: required(table.system(), 'Hello.system'),
    incarnation: table.incarnation(),
    maximumFramesize: table.maximumFramesize(),
  };
}

/** Encodes; the inverse of {@link decodeIdentify}. */
export function encodeIdentify(identify: Identify): Uint8Array {
  return encodeTable((builder) => {
    const path = builder.createString(identify.path);
    IdentifyTable.startIdentify(builder);
    IdentifyTable.addPath(builder, path);
    return IdentifyTable.endIdentify(builder);
  });
}

/** Throws `PROTOCOL_ERROR` when the bytes are no Identify. */
export function decodeIdentify(bytes: Uint8Array): Identify {
  const table = IdentifyTable.getRootAsIdentify(openTable(bytes, IDENTIFY_SPEC));
  return { path: required(table.path(), 'Identify.path') };
}

/** Encodes; the inverse of {@link decodeActorIdentity}. */
export function encodeActorIdentity(identity: ActorIdentity): Uint8Array {
  return encodeTable((builder) => {
    const path = builder.createString(identity.path);
    ActorIdentityTable.startActorIdentity(builder);
    ActorIdentityTable.addPath(builder, path);
    ActorIdentityTable.addRecipient(builder, identity.recipient);
    ActorIdentityTable.addIncarnation(builder, identity.incarnation);
    return ActorIdentityTable.endActorIdentity(builder);
  });
}

/** Throws `PROTOCOL_ERROR` when the bytes are no ActorIdentity. */
export function decodeActorIdentity(bytes: Uint8Array): ActorIdentity {
  const table = ActorIdentityTable.getRootAsActorIdentity(openTable(bytes, ACTOR_IDENTITY_SPEC));
  return {
    path: required(table.path(), 'ActorIdentity.path'),
    recipient: table.recipient(),
    incarnation: table.incarnation(),
  };
}

/** Encodes; the inverse of {@link decodeHandshakeRequest}. */
export function encodeHandshakeRequest(request: HandshakeRequest): Uint8Array {
  return encodeTable((builder) => {
    const signatures = request.methods.map((method) => {
      const name = builder.createString(method.name);
      const codec = builder.createString(method.codec);
      return MethodSignatureTable.createMethodSignature(builder, name, method.kind, codec);
    });
    const methods = HandshakeRequestTable.createMethodsVector(builder, signatures);
    const contract = builder.createString(request.contract);
    const hash = builder.createString(request.contractHash);
    return HandshakeRequestTable.createHandshakeRequest(
      builder,
      request.protocolVersion,
      contract,
      hash,
      methods,
    );
  });
}

/** Throws `PROTOCOL_ERROR` when the bytes are no HandshakeRequest. */
export function decodeHandshakeRequest(bytes: Uint8Array): HandshakeRequest {
  const buffer = openTable(bytes, HANDSHAKE_REQUEST_SPEC);
  const table = HandshakeRequestTable.getRootAsHandshakeRequest(buffer);
  const signatures = elements(table.methodsLength(), (index) => table.methods(index));
  return {
    protocolVersion: table.protocolVersion(),
    contract: required(table.contract(), 'HandshakeRequest.contract'),
    contractHash: required(table.contractHash(), 'HandshakeRequest.contract_hash'),
    methods: signatures.map((signature) => ({
      name: required(signature.name(), 'MethodSignature.name'),
      kind: signature.kind(),
      codec: required(signature.codec(), 'MethodSignature.codec'),
    })),
  };
}

/** Encodes; the inverse of {@link decodeHandshakeAccepted}. */
export function encodeHandshakeAccepted(accepted: HandshakeAccepted): Uint8Array {
  return encodeTable((builder) => {
    const indexes = Uint16Array.from(accepted.methods);
    const methods = HandshakeAcceptedTable.createMethodsVector(builder, indexes);
    return HandshakeAcceptedTable.createHandshakeAccepted(builder, methods);
  });
}

/** Throws `PROTOCOL_ERROR` when the bytes are no HandshakeAccepted. */
export function decodeHandshakeAccepted(bytes: Uint8Array): HandshakeAccepted {
  const buffer = openTable(bytes, HANDSHAKE_ACCEPTED_SPEC);
  const table = HandshakeAcceptedTable.getRootAsHandshakeAccepted(buffer);
  return { methods: elements(table.methodsLength(), (index) => table.methods(index)) };
}
