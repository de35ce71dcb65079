export { createSpdySession } from './session.ts';
