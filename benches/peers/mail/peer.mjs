// The same message by liquidjs and nodemailer's MailComposer. Prints the CPU time of a message.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(process.argv[2] + '/');
const { Liquid } = require('liquidjs');
const MailComposer = require('nodemailer/lib/mail-composer');
const version = (name) => require(name + '/package.json').version;

const [BATCHES, MESSAGES] = [51, 20];
const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const data = JSON.parse(read('data.json'));
data.given.unsubscribe_url = process.argv[3];

// The same templates: filters take their arguments otherwise, and one has another name.
const liquid = (source) =>
  source
    .replaceAll(/\|\s*(\w+)\(([^)]*)\)/g, '| $1: $2')
    .replaceAll(/\|\s*upper\b/g, '| upcase')
    .replaceAll(/\{%\s*for (\w+) in (\S+)\s*%\}/g, '{% for $1 in $2 %}');
const plain = new Liquid();
const escaping = new Liquid({ outputEscape: 'escape' });
const subject = plain.parse(liquid(data.subject));
const text = plain.parse(liquid(read('mail.txt')));
const html = escaping.parse(liquid(read('mail.html')));

async function message() {
  const context = { profile: data.profile, given: data.given };
  const composer = new MailComposer({
    from: 'Mill & Lane <news@shop.example>',
    to: 'Beatriz Álvares <beatriz@example.com>',
    subject: plain.renderSync(subject, context),
    date: new Date('2026-03-01T09:00:00Z'),
    messageId: '<m-1@shop.example>',
    headers: {
      'List-Unsubscribe': `<${data.given.unsubscribe_url}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      'List-ID': '<news.shop.example>',
      'Feedback-ID': 'spring:news:mill-lane',
    },
    text: plain.renderSync(text, context),
    html: escaping.renderSync(html, context),
  });
  return composer.compile().build();
}

const first = await message();
if (!first.includes('Chair No. 4')) throw new Error('the message says something else');
const times = [];
for (let batch = 0; batch < BATCHES; batch++) {
  const start = process.cpuUsage();
  for (let count = 0; count < MESSAGES; count++) await message();
  const { user, system } = process.cpuUsage(start);
  times.push((user + system) / MESSAGES);
}
times.sort((a, b) => a - b);
const name = `liquidjs ${version('liquidjs')} + nodemailer ${version('nodemailer')}, node ${process.version}`;
console.log(JSON.stringify({ name, micros: times[BATCHES >> 1], bytes: first.length }));
