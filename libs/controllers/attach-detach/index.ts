export { createAttachDetachController } from './controller.ts';
export { attachmentName, needsVolumes } from './decisions.ts';
