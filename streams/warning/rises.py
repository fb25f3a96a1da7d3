"""What rises look like before a gauge has seen one: a small network, learned on simulated floods.

The network turns a climb and a height that is missing into sixteen features; the weights of
these features are where learning goes on at the gauges themselves (``levels``). It was learned
from rains of many forms by ``python -m agents.evaluate.rises``, which prints ``LEARNED`` anew.
"""

from __future__ import annotations

from base64 import b85decode, b85encode
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.warning.climbs import BODY, INPUTS

Floats = NDArray[np.float64]

FIRST, FEATURES = 24, 16
_SHAPES = ((INPUTS, FIRST), (FIRST,), (FIRST, FEATURES), (FEATURES,), (FEATURES + 1,))


class Network(NamedTuple):
    """Weights and offsets of two layers, and of the features before any gauge has learned."""

    first: Floats
    first_offset: Floats
    second: Floats
    second_offset: Floats
    last: Floats

    def features(self, body: Floats, missing: Floats) -> Floats:
        """Sixteen features for each height that is missing, and a one.

        Args:
            body: numbers about the water.
            missing: a row of numbers for each height.
        """
        drive = body @ self.first[:BODY] + self.first_offset + missing @ self.first[BODY:]
        found = np.ones((len(missing), FEATURES + 1))
        found[:, :FEATURES] = np.tanh(np.tanh(drive) @ self.second + self.second_offset)
        return found

    def text(self) -> list[str]:
        """The weights as lines of a program."""
        flat = np.concatenate([one.ravel() for one in self]).astype("<f4")
        text = b85encode(flat.tobytes()).decode()
        return [text[at : at + 88] for at in range(0, len(text), 88)]


@cache
def learned() -> Network:
    """The network that simulated floods have taught."""
    flat = np.frombuffer(b85decode(LEARNED), "<f4").astype(np.float64)
    parts, at = [], 0
    for shape in _SHAPES:
        long = int(np.prod(shape))
        parts.append(flat[at : at + long].reshape(shape))
        at += long
    return Network(*parts)


LEARNED = (
    "w(UB;KLvR|>G8I`2fq(JJz|MFM`05`jwcnr<GN@+o+czcz)a{q-4Fi0pn8M9f+LhZxIG3xdHxu_HREW%4glmlxX="
    "VY+1TwpRfcT7a=(thxx?H(IXjFz45}$VVk)@4fwJK~_@LIlhe^IZ{KCaQOSmyVW?K5bq}FmjA^ktSb9PKVYZ|J*M"
    "Z+b(x(;5yMCT$uW^%H=%l)IjmUf1{fcq`H|CCuj<l|Gm169Glh6V~hfH>1VQXXNwMBSJ^m;Fh<G)<<x`~`)*<_sY"
    "}nW7uN%Vwy)d#s4Qv?sH^tyv_$im9@{=Q#{N#eoLC4^3%5fX!mQ0pkz9U8U^3<3e)2r6#&RlT4hy106L#84xDFIg"
    "A*;Y(_;q;XOY;xO<~M;2W8~chZi&f34@f7AM0#Mf`6+B~KT>;f!CtV*I1N7^qjiQ~>_IgEN9YUhug;;8#pP!%o{i"
    "fz&=e+1b~=Kl=whbUVI2qjJ@~R-IM9;+_ybeb+p{ramD)WrA2gNnhW-`NR{x@;=MGyU=q#JUExW7k%ZvsByzSl{o"
    "r5d;SzZqa`c9UB;(9cte>zkZni4a;$Sc#MEiMUo7oCt^bWawsu@UU$nWt2wurOp2fVs)Dx$^@98PNQ?8)D;kVL1="
    "&2XJCdflT$;N`e#%}4q_mdPqYvu?*j|mw+iWJ2^U?XR}vX?7A$Ab*O<gEg~e+jC<#2eJRrSa~*UK+wZbcqbWV30$"
    "<lBlsiuSO0(ijs)F8h6{k{s|$#slc>9Y&t7HJ}R`m`fIhn9#|7VvEe(ufoqMw*^dIhfgYK^2Hc51>WO|mF#X#=eD"
    "3PLL-fPH1fpZVgDDX|fT3VM;SFRz08KtUKHZr<HsF##WB!A^dNrp#AV1DMdxR9f;=q(XxePl#=`^rC%C!VOXVry0"
    "%cT9iux^t+gxos6IcwBCxsQ^*;L8lY#=c#?{N{*0AkAODf5!+vq>SFa4RLioI%|hMm{D235@a>M24E7uB+)0ou_?"
    "nnA7mImmtl;&!<A>g8(&+$TZ4W-AAz;LE6jYqC<ddxJA)Iym8U^HWVtrK?TNBJy!Qq_yU9VmoI69l6Hz<A0Ck@~i"
    "=C1_(j&7zXk`Szs|z+h#R`_c#8Qhsm$j6-m3n|Z1}LCBAUGC3%MPSID_br<0jq_+Q!?wmywy}b0SM7O2plrM7$H|"
    "aMEI1xO+`6Ay(Y#!P;J;gY_>i=Pw+`U!}be40W*TWlR2or0kJy20lmn+QENg!r4Cm=W(Bf6IsG-fS7F0GbjTPz7;"
    "iAXgfb|;onYL)4O!1UMFays2F@8iTUC)hZApl~vHWsA!yQ(>;&lo?$wL9XWIZN7GM9nA_%0s4mmS!>&rP7edJd63"
    "S1297Xw#{_&izF`<?l~BdloLf!aM@K6~5uTI6J*PMB9=+=rPK^ojj#I$^HvIX#=*s@t(!L)?iz{C70yAi&6eQqV8"
    "6@^eq!U*;HG;^#3=#l_(lM7pi|g5|rn?ZoF;3kFS?O1<E|YasEj^`cF^5BHBPe#*tGu#Y(b3|0ml&JJ0nz129&=X"
    "uk`<Xt++m#^>2TulH3xbBm5Y6?OVP@O?x-e6>Ko7G6U@pR*IeW(jM+uSpj`lT6jWKFQ!cs9DIpR}>|_-38A+PGAx"
    "~+lZFGohvp!v%IW7DPQlu@*=Z63p?n)U&0ta8n6UEDVK{s_cxorWTO>62mZspO+C0jE=d8u>#d4EBi#tTp7|F)0n"
    "iG*aw1Q^s-oUK2i5|=xL0Jp;d-yV-;m(FJ#4u?peTyIy6ZzeW$bRgtK$d0d5b(gkjwWyF(VPa<J6nIz6pT7Ede+_"
    "PmLizx}cgp1zVdwo`ycYAPpkDZ}IcI@K;Pdl@sAS;T2{*P68l4z-INmt{~Mu{17#}J+_ZN-3RKu^!5Ng6@f!O-(n"
    "X&a`sccO|cO^Ol^ZcmG7WFA*#(hmr<g<KXgPq53hneZMcBGgFrMrl8t6Q)Xby4%Alw`Db(V<z|E<@hvgf;K?$<IT"
    "dZY2?XvH`5=V4D@>2=GGfQYb1*CJo%&x{i-Az%xL$F#s{s68&T?Dc|d^q>Nhi}lmo5NkdyZ0kLjj`T7mpR}*vq~>"
    "N#yd7Y;;L3Y<WY@1LVdEmk)2XLI)EX*i6Esu6~t%0=@h{{0At}iduJ`a+il9dzpK4HHYZfQW)|-~V~rfX=hz=TBB"
    "(69(upQMEwx5H7}8?B!ANC3{ELD;Mb8~RuN{j$?&!2Vogr2};~`Q$k}fYl$X5qIk^c0)Qmje9$?QTv>C>ve#p=eu"
    "^f=Q%M@5>xLA}>N?(eR@qx1&Alu4Js<urys`z~ugT`IaivzvmzM$mx2g0(upQLr6Azb9P3)pA5YZjp>Yn8o2f8wF"
    "y&Ts%BK!q|AeF%~{QEgXM7m*SK@5c`e3-jhncsiObB2B*P2=6>ux-lL^HBzls*$+x#Z^P^BdmFi|aj#g2=pHHMbr"
    ")9joyWE97-9!pLDm>#nK?RmSt<D@jt~Ut24AYpqGQD*^W-iJ;G2h0$pr3=igZ^8+fSK|>N3xzi729q-^|b}Pd7lP"
    "7%YgO1E>;9S3oK$ksRdI%R;$*&#6xX9pHjxYXrFezE$y(rJPPAIqk)h<k6WI;P60MQ2Le65?^h<jN%3sGifu1Gxx"
    "GrgiQTn4i4vqfuUS<;Jy$S4@Av_~%X25bmYCf=VljffyN64^sf~R-_qh8$!|9B^K*=+`e(BS`OeHu!tGUWPrm<+h"
    "c1ImOKvVEM-`89|0ji$AHbOl=Ru%g`78S%k+X@A~wqr0pF-GRS_S82%ea|ty#i$ED_GSS-!PzIj6*>(*ef|KyU;7"
    "}wCs3I_`3{M`RbkmZ7)nRJ!8y%6?T`VzLk>SaY%hzvCqc5lFQ%|Qt$*1*3n|Gy608rs6;e{Y=J}>RXm{m37&R8Yh"
    "X^^o^=dso<2?tz64nntTT~&v6RcW2Yt$`1GYxUS&M#CxnuBLQ$G`|aNQzBAuh7W89Pl{4<(^@`aQv9RdyS1g%<as"
    "+4RW|X2Ask^gaHgcJ*hmtO|&~b`?WPct%1?LraH#H&hhcQ3In#jP572RArRI++r(c!?JlFf1}BBSRiX|)HF^)e{@"
    "w(>xhNyQ8h2&BZc>xJQutuLkizUe2fcW{au&Ki&s}}JM7_#Bo~<iCR6FiIG|ve?3gFE><_HZxBw-dl!~vB)=d+2w"
    "fjFGL&_BAqC*D~<(H0=TSxMBsu}g!z#&hYujs(m;@8Ib^hepi4EiLgqnm+8lf~-+LsU812R3_`bIIS<eYb*o5!W6"
    "~5sx}9|teRfF`x9%v17=dcgn`Jul}0qb`b=lPLz|ktP0O{tr?d(`yePT8h+kMf8A=_$jd=7uO<77lg%py$P!%9Qh"
    "Fgukwkw*xFs)TRxO;BCfh4WIN8k26As6L70<IQ6%v1M1B}6hl2sd^<p2s{ripp?4T%t_B)c$Zjl&lxNQi>@*)As*"
    "9GHnUJq!f5P&>KZP-_qy43O@V2HTamjP*CPR%a)iuxB;QRZCi@IMg0~%K{1oQIytevEEVrQY8-_<2Z9to0?!7&I)"
    "RqHspp73omzuDpGdO4LH^^uJV9-}#)-bZ7BXhPhWf$1Kc;OysG1JHk5c@-hjm^)=n$m6Zh-<m(lUX+lp9gMw&FCr"
    ")pA8XkTx2>=U?N#OJ03GPZu)3BBCHZEizHQSzzhCKhL1P9vRcVib?0ZjSaItn$S%@(6M{H1qug0yA=?>>8ee?CkZ"
    "1ynT%h)-(m;7c_g|%AGROAItZFRL`fe%=x&d_kf>!pvBB)V*Ko7GZ=f2#>Ht%}lhw(-CEYN;ZjTJVr#(-;2bE5})"
    "5fPiXtPDX)w-cRRWk3sac3RA+c&YkW<!*|l?Yfr|4;b79<SrPQMar<HUn$Er0|)%Xd#Kdbxm+SZ~dD-{`;@KJp-y"
    "eX1QLy0lm?_ekSoflD(e3;+9puzy8cVAcDKTmJ^{qevC-J!}{F49veKq;2jUYPo|)~@5I=>hhufVZ%mK9XOf7%1$"
    "{`q`nce|;EJ!lcE)qQfBpcyKna{ZEFD$89$8nvflw*F1OryT0_|nLjZd{bx79R0tnk=AqDu9?z9g)?2Ov4V5dovU"
    "?7EM>0^R05?qGL5ohk4>n2s<$BTDAJDIpWRdLS4+4y9>7>`kS;-P5zaRksGerZC_<5Ul9Fq*W8YioO6oza&w<fu)"
    "c?NAf*BhT=m%X|gc9xoH+XSQUl7y=ovon~xzsI)Bx^SAe-a<Hk9^PFnK55H97uCV)r36Ase8Mo}3*&@%<Uj3LiHX"
    "8vD3zQBS$`Ma#XsVwO})Q15-!6g<yuz5hgLCK^&ANX9qpDEHjwf>sDE**=$Gc@|Xvh4^z51BSU?vO&hE^q+9@Iqg"
    "{Ia3Qiifkjk)tRwBg$tlRx1r{}?PIDw3|S7p2K&ywdeDTvSHi|V{Mi)0<HO!Q&xH@aPrAdueM~1m9S0#lYy$2+s&"
    "+U(I5DU{td?;<IIkhUgg{Tf7lL8GKRg(}Z#e?L94-q#ftC<IeTnS7"
)
