export { decodeMessage, decodeObject, openEnvelope, ProtobufSyntaxError } from './decode.ts';
export { encodeMessage } from './encode.ts';
export { envelopeOf, fieldHead, sealEnvelope, watchFrame } from './envelope.ts';
