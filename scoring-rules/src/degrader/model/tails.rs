//! Tails of distributions: how likely is a window beyond a mark?

use statrs::function::erf::{erfc, erfc_inv};

/// Standard deviations beyond which a tail is taken for nothing.
const FAR: f64 = 6.5;
/// The same for a lognormal with a squared coefficient of variation below [`NARROW`], before anything is computed.
const FAR_ABOVE: f64 = 12.0;
const NARROW: f64 = 0.09;
/// Trials up to which a binomial tail is added up term by term.
const EXACT_TRIALS: f64 = 40.0;
/// Events up to which a Poisson tail is added up term by term.
const EXACT_EVENTS: f64 = 24.0;

/// P(Z > z) of the standard normal distribution.
pub(in super::super) fn above_normal(z: f64) -> f64 {
    if z > FAR {
        0.0
    } else if z < -FAR {
        1.0
    } else {
        0.5 * erfc(z * std::f64::consts::FRAC_1_SQRT_2)
    }
}

/// The z with P(Z <= z) = share, of the standard normal distribution.
pub(super) fn normal_quantile(share: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * share)
}

/// P(X >= mark) where X is lognormal with this mean and variance, given the logarithm of the mark (Fenton-Wilkinson:
/// exact for one call, normal for very many).
pub(super) fn lognormal_above(mean: f64, variance: f64, mark: f64, ln_mark: f64) -> f64 {
    if mark <= 0.0 {
        return 1.0;
    }
    if variance <= mean * mean * 1e-12 {
        return if mean >= mark { 1.0 } else { 0.0 };
    }
    let relative = variance / (mean * mean);
    let off = mark - mean;
    // So far above a mean that hardly scatters there is nothing.
    if off > 0.0 && relative < NARROW && off * off > FAR_ABOVE * FAR_ABOVE * variance {
        return 0.0;
    }
    let log_variance = relative.ln_1p();
    above_normal((ln_mark - mean.ln() + log_variance / 2.0) / log_variance.sqrt())
}

/// P(K >= least), K of `trials` (a whole number) that each succeed with this chance.
pub(in super::super) fn binomial_at_least(least: f64, trials: f64, chance: f64) -> f64 {
    if least <= 0.0 {
        1.0
    } else if least > trials || chance <= 0.0 {
        0.0
    } else if chance >= 1.0 {
        1.0
    } else if trials <= EXACT_TRIALS {
        1.0 - binomial_below(least, trials, chance)
    } else {
        above_normal(peizer_pratt(least - 1.0, trials, chance))
    }
}

/// P(K < least), term by term.
fn binomial_below(least: f64, trials: f64, chance: f64) -> f64 {
    let odds = chance / (1.0 - chance);
    let mut term = (trials * (-chance).ln_1p()).exp();
    let (mut sum, mut k) = (0.0, 0.0);
    while k < least {
        sum += term;
        term *= odds * (trials - k) / (k + 1.0);
        k += 1.0;
    }
    sum.min(1.0)
}

/// The normal deviate of P(K <= k), after Peizer and Pratt (1968): right to about 0.1 % even for some ten trials.
fn peizer_pratt(k: f64, trials: f64, chance: f64) -> f64 {
    let other = 1.0 - chance;
    let (successes, failures) = (k + 0.5, trials - k - 0.5);
    let distance = k + 2.0 / 3.0 - (trials + 1.0 / 3.0) * chance
        + 0.02 * (other / (k + 1.0) - chance / (trials - k) + (other - 0.5) / (trials + 1.0));
    let bent = 1.0 + other * bend(successes / (trials * chance)) + chance * bend(failures / (trials * other));
    distance * (bent / ((trials + 1.0 / 6.0) * chance * other)).sqrt()
}

/// `(1 - x^2 + 2 x ln x) / (1 - x)^2`, which is 0 at 1.
fn bend(x: f64) -> f64 {
    let off = 1.0 - x;
    if off.abs() < 1e-4 {
        off / 3.0
    } else if x <= 0.0 {
        1.0
    } else {
        (1.0 - x * x + 2.0 * x * x.ln()) / (off * off)
    }
}

/// P(K >= least), K events of a Poisson process that makes `mean` of them on average; `least` is a whole number.
pub(in super::super) fn poisson_at_least(least: f64, mean: f64) -> f64 {
    if least <= 0.0 {
        1.0
    } else if mean <= 0.0 {
        0.0
    } else if least <= 1.0 {
        -(-mean).exp_m1()
    } else if mean > least + FAR * mean.sqrt() + FAR {
        1.0
    } else if least <= EXACT_EVENTS {
        let mut term = (-mean).exp();
        let (mut sum, mut k) = (0.0, 0.0);
        while k < least {
            sum += term;
            k += 1.0;
            term *= mean / k;
        }
        (1.0 - sum).max(0.0)
    } else {
        // Wilson and Hilferty (1931): the cube root of a chi-square is nearly normal.
        let part = 1.0 / (9.0 * least);
        above_normal((1.0 - part - (mean / least).cbrt()) / part.sqrt())
    }
}
