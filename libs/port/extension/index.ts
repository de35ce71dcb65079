export type { ExtensionCaller, ExtensionRequest, ExtensionResponse, ExtensionTarget } from './extension.ts';
