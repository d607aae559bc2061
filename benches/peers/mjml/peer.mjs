// Compiles files of MJML by npm's mjml: one JSON object a line, with the median CPU time.
import fs from "node:fs";
import { createRequire } from "node:module";
const [folder, ...files] = process.argv.slice(2);
const require = createRequire(folder + "/");
const loaded = require("mjml");
const mjml = loaded.default ?? loaded;
const options = { validationLevel: "soft", keepComments: true };
for (const file of files) {
  const text = fs.readFileSync(file, "utf8");
  try {
    let html = (await mjml(text, options)).html;
    const times = [];
    for (let round = 0; round < 21; round++) {
      const start = process.cpuUsage();
      html = (await mjml(text, options)).html;
      const used = process.cpuUsage(start);
      times.push(used.user + used.system);
    }
    times.sort((one, other) => one - other);
    console.log(JSON.stringify({ file, html, micros: times[10] }));
  } catch (error) {
    console.log(JSON.stringify({ file, error: String(error).slice(0, 300) }));
  }
}
