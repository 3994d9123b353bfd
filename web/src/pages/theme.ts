// Runs before anything is painted, so that no page flashes in the wrong theme. Dark is the house
// style; who wants it light says so once, and it is remembered.
document.documentElement.dataset["theme"] = localStorage.getItem("theme") === "light" ? "light" : "dark";
