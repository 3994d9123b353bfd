// Builds the assets the service embeds: hashed names, a manifest the templates look names up in,
// and a gzip copy beside each file, so that the service never compresses while it answers.
import tailwindcss from "@tailwindcss/vite";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const pages = readdirSync("src/pages").map((file) => join("src/pages", file));

function gzipped(): Plugin {
  return {
    name: "gzipped",
    apply: "build",
    closeBundle() {
      const folder = "dist/assets";
      for (const file of readdirSync(folder)) {
        if (file.endsWith(".gz")) continue;
        // No time of day in the header: the same source gives the same bytes.
        writeFileSync(join(folder, `${file}.gz`), gzipSync(readFileSync(join(folder, file)), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "/",
  plugins: [tailwindcss(), gzipped()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    rollupOptions: { input: [...pages, "src/styles/app.css"] },
    chunkSizeWarningLimit: 700,
  },
});
