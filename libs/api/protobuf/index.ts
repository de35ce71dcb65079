export { decodeMessage, decodeObject, ProtobufSyntaxError } from './decode.ts';
