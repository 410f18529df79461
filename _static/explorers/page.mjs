// Fill the explorers of a page. The extension _ext/explorers.py puts this script on the pages that have one.

// The version keeps a browser from mixing this script with older files that it has kept.
const version = document.querySelector("script[data-explorers]").dataset.explorers;

for (const box of document.querySelectorAll("[data-explorer]")) {
  const { open } = await import(`./${box.dataset.explorer}.mjs?v=${version}`);
  await open(box); // it replaces the sentence in the box when it has its data
}
