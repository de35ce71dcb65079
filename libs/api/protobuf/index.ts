export { decodeMessage, decodeObject, openEnvelope, ProtobufSyntaxError } from './decode.ts';
export { encodeMessage } from './encode.ts';
export { sealEnvelope, sealList, watchFrame } from './envelope.ts';
