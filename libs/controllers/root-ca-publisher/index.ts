export { createRootCaPublisher, type RootCaPublisherOptions } from './controller.ts';
