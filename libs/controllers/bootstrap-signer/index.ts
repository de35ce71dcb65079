export { createBootstrapSigner } from './controller.ts';
