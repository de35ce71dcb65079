export type { ServiceResolver, WebhookCaller, WebhookCallOptions, WebhookClientConfig } from './webhook.ts';
