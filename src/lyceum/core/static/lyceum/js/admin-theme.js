// The theme that was chosen for the other pages holds here too; before anything is drawn.
const chosen = document.cookie.match(/(?:^|; )theme=(light|dark)/);
if (chosen) document.documentElement.dataset.theme = chosen[1];
