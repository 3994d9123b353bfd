//! Trained models as data: trees and linear models that predict.
