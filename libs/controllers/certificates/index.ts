export { createCsrApprovingController } from './approving.ts';
export { createCsrCleaner } from './cleaner.ts';
export { createCsrSigningController, validity } from './signing.ts';
export { signerProblem } from './signers.ts';
