import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { CertificateChoice } from '#cdk/certificate-choice.ts';
import { type Settings, settings } from '#cdk/settings.ts';
import { EtherfleetStack } from '#cdk/stacks/etherfleet-stack.ts';
import { type SynthesizedTemplate, templateOf } from './template.ts';

const cdkJson = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));

export interface Variant {
  readonly settings?: Partial<Settings>;
  readonly certificate?: CertificateChoice;
}

/** The application with other settings, without bundles: making them takes seconds. */
export function appWith(variant: Variant): App {
  const outdir = mkdtempSync(join(tmpdir(), 'etherfleet-variant-'));
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
  const app = new App({
    analyticsReporting: false,
    outdir,
    context: { ...cdkJson.context, 'aws:cdk:bundling-stacks': [] },
  });
  new EtherfleetStack(app, 'Etherfleet', {
    settings: { ...settings, ...variant.settings },
    certificate: variant.certificate ?? { kind: 'self-signed' },
  });
  return app;
}

export function variantTemplate(variant: Variant): SynthesizedTemplate {
  return templateOf(appWith(variant).synth().getStackByName('Etherfleet').template);
}
