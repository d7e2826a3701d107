import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { settings } from '#cdk/settings.ts';
import { EtherfleetStack } from '#cdk/stacks/etherfleet-stack.ts';

type Properties = Readonly<Record<string, unknown>>;

/** A resource of the synthesized template. */
export interface SynthesizedResource {
  readonly id: string;
  readonly type: string;
  readonly properties: Properties;
  readonly deletionPolicy: string | undefined;
}

const cdkJson = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));

/** The deployed template, without bundles: making them takes seconds. */
export function synthesizedTemplate(): Template {
  const app = new App({
    analyticsReporting: false,
    context: { ...cdkJson.context, 'aws:cdk:bundling-stacks': [] },
  });
  return Template.fromStack(new EtherfleetStack(app, 'Etherfleet', { settings }));
}

/** Its resources of one type. */
export function resourcesOf(template: Template, type: string): SynthesizedResource[] {
  return Object.entries(template.findResources(type)).map(([id, resource]) => ({
    id,
    type,
    properties: (resource['Properties'] ?? {}) as Properties,
    deletionPolicy: resource['DeletionPolicy'] as string | undefined,
  }));
}
