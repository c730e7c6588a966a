"""Words of a language that say nothing about a text: articles, pronouns, prepositions, conjunctions, auxiliaries.

Folded, as words are compared. Both engines leave them out of texts of the language and of queries to them.
"""

from collections.abc import Mapping

from lyceum.search.words import fold

ENGLISH = """
a about above after again against all am an and any are aren't as at be because been before being below between both
but by can cannot could did do does doing down during each few for from further had has have having he her here hers
herself him himself his how i if in into is it its itself just me more most my myself no nor not now of off on once
only or other our ours ourselves out over own same she should so some such than that the their theirs them themselves
then there these they this those through to too under until up very was we were what when where which while who whom
why will with would you your yours yourself yourselves
"""
GERMAN = """
aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei bin bis
bist da damit dann das dass daß dein deine deinem deinen deiner dem den denn der des dessen dich die dies diese diesem
diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines einig einige einigem einigen einiger
einiges er es etwas euch euer eure eurem euren eurer für gegen hab habe haben hat hatte hatten hier hin hinter ich ihm
ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist jede jedem jeden jeder jedes jene jenem jenen jener jenes
jetzt kann kein keine keinem keinen keiner können könnte man manche manchem manchen mancher mein meine meinem meinen
meiner mich mir mit muss musste nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner selbst
sich sie sind so solche solchem solchen solcher soll sollte sondern sonst über um und uns unser unsere unserem unseren
unter viel vom von vor war waren warst was weg weil weiter welche welchem welchen welcher wenn werde werden wie wieder
will wir wird wirst wo wollen wollte würde würden zu zum zur zwar zwischen
"""
FRENCH = """
à ai aie aient ainsi alors après as au aucun aucune aura auraient aurait auront aussi autre autres aux avaient avais
avait avant avec avez avoir avons ayant c car ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme
comment d dans de depuis des donc dont du elle elles en encore entre es est et étaient étais était étant été êtes être
eu eux fait furent fut ici il ils j je l la là le les leur leurs lors lui m ma mais me même mêmes mes moi moins mon n
ne ni nos notre nous on ont ou où par pas pendant peu peut plus pour pourquoi qu quand que quel quelle quelles quels
qui s sa sans se sera seraient serait seront ses si son sont sous sur t ta tandis te tes toi ton tous tout toute toutes
très tu un une vers voici voilà vos votre vous y
"""
SPANISH = """
a al algo algunas algunos ante antes aquel aquella aquellas aquellos aquí así aún aunque cada como con contra cual
cuales cuando cuanto de del desde donde dos durante e el él ella ellas ellos en entre era eran eras eres es esa esas
ese eso esos esta está están estaba estaban estar estas este esto estos estoy fue fueron fui ha había habían han hasta
hay he la las le les lo los más me mi mí mis mucho muchos muy nada ni no nos nosotros nuestra nuestras nuestro nuestros
o os otra otras otro otros para pero poco por porque pues que qué quien quién quienes se sea sean ser sí si sido sin
sobre son soy su sus suya suyo también tan tanto te tenía tiene tienen todo todos tu tú tus un una unas uno unos
vosotros vuestra vuestro y ya yo
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(text).split())


STOP_WORDS: Mapping[str, frozenset[str]] = {
    "en": _words(ENGLISH),
    "de": _words(GERMAN),
    "fr": _words(FRENCH),
    "es": _words(SPANISH),
}
